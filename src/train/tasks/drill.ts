/** Exercises of six small computations: what the base model learns to compute with. */
import type { Example } from '../examples.js';
import type { Choice } from './choice.js';
import { add, divide, multiply, type Step, subtract } from './steps.js';

const COMPUTATIONS = 6;
/** How often each kind comes: additions, subtractions, products, divisions. */
const KINDS = [0.3, 0.3, 0.1, 0.3];
/** The moduli of the families come more often. */
const DIVISORS = [2, 3, 4, 5, 6, 7, 8, 9, 7, 8, 9, 11, 13, 11, 13];

interface Computation {
  readonly asked: string;
  readonly step: Step;
  readonly result: number;
}

export function drill(choice: Choice): Example {
  const all = Array.from({ length: COMPUTATIONS }, () => computation(choice));
  const last = all.at(-1)!.result;
  return {
    problem: `Compute ${all.map(({ asked }) => asked).join(', ')}.`,
    completion: `<think>\n${all.map(({ step }) => step.line).join('\n')}\nThe answer is \\boxed{${last}}.\n</think>\nThe answer is ${last}.`,
  };
}

function computation(choice: Choice): Computation {
  switch (choice.weighted(KINDS)) {
    case 0: {
      const a = choice.integer(1, choice.of([20, 99, 700]));
      const b = choice.integer(1, choice.of([20, 99, 160]));
      return { asked: `${a}+${b}`, step: add(a, b), result: a + b };
    }
    case 1: {
      const a = choice.integer(2, choice.of([20, 99, 250, 2500]));
      const b = choice.integer(1, Math.min(a, choice.of([20, 99, 200])));
      return { asked: `${a}-${b}`, step: subtract(a, b), result: a - b };
    }
    case 2: {
      const [a, b] = [choice.integer(0, 12), choice.integer(0, 12)];
      return { asked: `${a}*${b}`, step: multiply(a, b), result: a * b };
    }
    default: {
      const m = choice.of(DIVISORS);
      const x = choice.integer(0, 10 * m - 1);
      return { asked: `${x}/${m}`, step: divide(x, m), result: x % m };
    }
  }
}
