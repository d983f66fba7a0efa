/** The model card of a folder of weights: what they are, and how PyTorch runs them. */
import type { ExportedNetwork } from '../network.ts';

export interface ModelCard {
  readonly network: Pick<ExportedNetwork, 'name' | 'metadata'>;
  /** Defines `forward(pixels)`. */
  readonly python: string;
  /** The shape that `forward` takes, of one sample: `3, 224, 224`. */
  readonly example: readonly number[];
}

/** `README.md` */
export function modelCard({ network, python, example }: ModelCard): string {
  const rows = Object.entries(network.metadata).map(
    ([name, value]) => `| ${name.replace('dr2net.', '')} | \`${value.replaceAll('|', '\\|')}\` |`,
  );
  return `---
library_name: dr2net
---

# A ${network.name} of dr2net

Finetuned with dr2net: a transformer whose sub-blocks F are wired by

    x_{i+1} = F_i(x_i) + α·x_i + β·x_{i−1}

at the α and β below. **The weights alone are another network**: a library that reads \`config.json\` and wires the blocks as they were published (α = 1, β = 0) loads them without an error and gives other results.

| | |
| --- | --- |
${rows.join('\n')}

In PyTorch (\`pip install torch safetensors\`), in this folder:

\`\`\`python
${python}

print(forward(torch.zeros(1, ${example.join(', ')})))
\`\`\`

In TensorFlow.js: \`npx dr2net predict --model .\`, or \`dr2net\` in a program.
`;
}
