/** The encoder as one reversible run of two sub-blocks a layer: deformable attention among the cells of all maps, and an MLP. */
import type { SubBlock } from '@dr2net/core';
import { type LevelShapes, postNormSubBlock, sequential } from '@dr2net/layers';
import { type Differentiable, holding, once, type Parameter, type Sink } from '@dr2net/ops';
import { add, concat, slice, sum, type Tensor, tidy, tile } from '@tensorflow/tfjs-core';
import type { Geometry } from './geometry.ts';
import type { DinoModules, Looking } from './modules.ts';

/** [levels, width] → [cells, width] */
function ofCells(embedding: Tensor, shapes: LevelShapes): Tensor {
  return concat(
    shapes.map(([height, width], level) => tile(slice(embedding, [level, 0], [1, -1]), [height * width, 1])),
    0,
  );
}

/** Σ over batch and cells of each level: [batch, cells, width] → [levels, width] */
function overCells(x: Tensor, shapes: LevelShapes): Tensor {
  return tidy(() => {
    const all = sum(x, 0);
    let from = 0;
    return concat(
      shapes.map(([height, width]) => {
        const part = sum(slice(all, [from, 0], [height * width, -1]), 0, true);
        from += height * width;
        return part;
      }),
      0,
    );
  });
}

/** What is added to the cells where they ask: sine positions and their level's embedding, [batch or 1, cells, width]. */
export function cellPositions({ levelEmbedding }: DinoModules, { sine, shapes }: Geometry): Tensor {
  return tidy(() => add(sine, ofCells(levelEmbedding.variable, shapes)));
}

/** Attention of cells to cells; positions are only inside the branch. */
function lookAround(
  { attention, name }: Looking,
  embedding: Parameter,
  positions: Tensor,
  { references: reference, shapes, padding }: Geometry,
): Differentiable {
  const inputs = (query: Tensor, source: Tensor) => ({
    ...{ query, source, reference, shapes },
    ...(padding && { padding }),
  });
  return {
    parameters: [...attention.parameters, embedding],
    apply: (x) => tidy(() => attention.apply(inputs(add(x, positions), x))),
    trace: (x) =>
      holding((held) => {
        const query = held.add(add(x, positions));
        const traced = attention.trace(inputs(query, x));
        held.add(traced.value);
        held.free(query);
        const run = (dy: Tensor, sink: Sink): Tensor =>
          holding((own) => {
            const d = traced.pullback(dy, sink, { query: true, source: true });
            own.add(d.query!);
            own.add(d.source!);
            if (embedding.trainable) sink(embedding, overCells(d.query!, shapes));
            const dx = add(d.query!, d.source!);
            own.dispose();
            return dx;
          });
        return { value: held.release(traced.value), pullback: once(name, [traced.pullback], run) };
      }),
  };
}

/** @param positions borrowed until the run's pullback has run, and so is the geometry */
export function encoderSubBlocks(modules: DinoModules, geometry: Geometry, positions: Tensor): SubBlock[] {
  const { levelEmbedding, dropout } = modules;
  return modules.encoder.flatMap(({ attention, mlp }) => {
    const look = lookAround(attention, levelEmbedding, positions, geometry);
    const branch = dropout ? sequential(attention.name, [look, dropout]) : look;
    return [postNormSubBlock(attention.name, branch, attention.norm), mlp];
  });
}
