/**
 * A reverse-mode tape over single float64 numbers: the references below define forward passes only, number by number, and
 * get their gradients from here, so that no formula of the product is checked against itself.
 */

/** A number on the tape. */
export type Node = number & { readonly node: unique symbol };

/** erf by its series near 0 and by the continued fraction of erfc beyond, to about 1e-15. */
export function erf(x: number): number {
  const z = Math.abs(x);
  if (z > 6) return Math.sign(x);
  if (z < 2.5) {
    let [sum, term] = [z, z];
    for (let n = 1; Math.abs(term) > 1e-18; n++) {
      term *= (-z * z) / n;
      sum += term / (2 * n + 1);
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let n = 100; n >= 1; n--) fraction = n / 2 / (z + fraction);
  return Math.sign(x) * (1 - Math.exp(-z * z) / Math.sqrt(Math.PI) / (z + fraction));
}

export class Tape {
  readonly #values: number[] = [];
  /** Of each number: two operands and the derivatives to them. */
  readonly #links: number[] = [];

  value(x: Node): number {
    return this.#values[x]!;
  }

  #push(value: number, a = -1, da = 0, b = -1, db = 0): Node {
    this.#links.push(a, da, b, db);
    return (this.#values.push(value) - 1) as Node;
  }

  input = (value: number): Node => this.#push(value);

  add = (a: Node, b: Node): Node => this.#push(this.value(a) + this.value(b), a, 1, b, 1);
  sub = (a: Node, b: Node): Node => this.#push(this.value(a) - this.value(b), a, 1, b, -1);
  mul = (a: Node, b: Node): Node => this.#push(this.value(a) * this.value(b), a, this.value(b), b, this.value(a));
  div = (a: Node, b: Node): Node => {
    const [x, y] = [this.value(a), this.value(b)];
    return this.#push(x / y, a, 1 / y, b, -x / (y * y));
  };
  times = (a: Node, factor: number): Node => this.#push(this.value(a) * factor, a, factor);
  plus = (a: Node, constant: number): Node => this.#push(this.value(a) + constant, a, 1);
  exp = (a: Node): Node => this.#push(Math.exp(this.value(a)), a, Math.exp(this.value(a)));
  log = (a: Node): Node => this.#push(Math.log(this.value(a)), a, 1 / this.value(a));
  sqrt = (a: Node): Node => this.#push(Math.sqrt(this.value(a)), a, 0.5 / Math.sqrt(this.value(a)));
  erf = (a: Node): Node => {
    const x = this.value(a);
    return this.#push(erf(x), a, (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x));
  };

  sum = (items: readonly Node[]): Node => items.reduce((a, b) => this.add(a, b));
  dot = (a: readonly Node[], b: readonly Node[]): Node => this.sum(a.map((x, i) => this.mul(x, b[i]!)));

  /** The gradient of Σ seeds·outputs to each of `inputs`. */
  gradients(outputs: readonly Node[], seeds: ArrayLike<number>, inputs: readonly Node[]): Float64Array {
    const adjoints = new Float64Array(this.#values.length);
    outputs.forEach((output, i) => {
      adjoints[output]! += seeds[i]!;
    });
    for (let i = adjoints.length - 1; i >= 0; i--) {
      const at = 4 * i;
      for (const k of [at, at + 2]) {
        const operand = this.#links[k]!;
        if (operand >= 0) adjoints[operand]! += adjoints[i]! * this.#links[k + 1]!;
      }
    }
    return Float64Array.from(inputs, (input) => adjoints[input]!);
  }
}
