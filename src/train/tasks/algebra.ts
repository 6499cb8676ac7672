/** Families about equations, sums and counts. */
import { add, joined, longDivision, multiply, remark, type Step, subtract } from './steps.js';
import { byLevel, type Family, type Level } from './task.js';

/** An equation before it is solved: `steps` lead to `factor · x = product`. */
interface Equation {
  readonly wordings: readonly string[];
  readonly steps: readonly Step[];
  readonly factor: number;
  readonly product: number;
}

export const linearEquation: Family = (choice, level) => {
  const a = choice.integer(3, 9);
  const b = choice.integer(3, byLevel(level, [9, 30, 99, 99, 99]));
  const x = choice.integer(2, byLevel(level, [9, 30, 150, 450, 999]));
  const form = level <= 2 ? 0 : choice.integer(0, 2);
  const equation =
    form === 0
      ? plusEquation(a, b, x)
      : form === 1
        ? twoSided(a, b, x, choice.integer(1, a - 2))
        : minusEquation(a, b, x);
  const { steps } = longDivision(equation.product, equation.factor);
  return {
    wordings: equation.wordings,
    steps: [...equation.steps, ...steps],
    answer: x,
    goal: 'x',
    plan: 'isolate x and divide by its factor',
  };
};

/** a x + b = c */
function plusEquation(a: number, b: number, x: number): Equation {
  const c = a * x + b;
  return {
    wordings: [`Solve $${a}x+${b}=${c}$ for $x$.`, `If $${a}x+${b}=${c}$, what is $x$?`],
    steps: [subtract(c, b)],
    factor: a,
    product: a * x,
  };
}

/** a x + b = d x + e */
function twoSided(a: number, b: number, x: number, d: number): Equation {
  const factor = a - d;
  const e = factor * x + b;
  return {
    wordings: [
      `Solve $${a}x+${b}=${d}x+${e}$ for $x$.`,
      `The number $x$ satisfies $${a}x+${b}=${d}x+${e}$. Find $x$.`,
    ],
    steps: [subtract(a, d), subtract(e, b)],
    factor,
    product: factor * x,
  };
}

/** a x - b = c, with b lowered where c would be negative */
function minusEquation(a: number, b: number, x: number): Equation {
  const c = Math.max(a * x - b, 0);
  const taken = a * x - c;
  return {
    wordings: [`Find $x$ if $${a}x-${taken}=${c}$.`, `Solve $${a}x-${taken}=${c}$ for $x$.`],
    steps: [add(c, taken)],
    factor: a,
    product: a * x,
  };
}

/** Terms, or digits, that a working goes through. */
const LENGTHS = [[2], [3], [4, 5], [5, 6], [6, 7, 8]] as const;
const lengthOf = (level: Level) => byLevel<readonly number[]>(level, LENGTHS);

export const series: Family = (choice, level) => {
  const count = choice.of(lengthOf(level));
  const first = choice.integer(1, byLevel(level, [9, 20, 40, 60, 60]));
  const difference = choice.integer(2, byLevel(level, [5, 9, 12, 15, 19]));
  const steps: Step[] = [];
  let [term, sum] = [first, first];
  for (let at = 2; at <= count; at += 1) {
    steps.push(joined(`t${at}: `, add(term, difference), add(sum, term + difference)));
    term += difference;
    sum += term;
  }
  const begun = [first, first + difference, first + 2 * difference].join(', ');
  return {
    wordings: [
      `Find the sum of the first ${count} terms of the arithmetic sequence ${begun}, \\ldots`,
      `An arithmetic sequence has first term $${first}$ and common difference $${difference}$. Find the sum of its first $${count}$ terms.`,
    ],
    steps,
    answer: sum,
    goal: `the sum of ${count} terms`,
    plan: 'add the terms one by one',
  };
};

export const squaredDigits: Family = (choice, level) => {
  const digits = choice.of(lengthOf(level));
  const text = String(choice.integer(10 ** (digits - 1), 10 ** digits - 1));
  const steps: Step[] = [];
  let sum = 0;
  for (const [at, character] of [...text].entries()) {
    const digit = Number(character);
    steps.push(joined(`${text.slice(at)}: `, multiply(digit, digit), add(sum, digit * digit)));
    sum += digit * digit;
  }
  return {
    wordings: [
      `Find the sum of the squares of the digits of ${text}.`,
      `What is the sum of the squared digits of $${text}$?`,
    ],
    steps,
    answer: sum,
    goal: `the sum of squared digits of ${text}`,
    plan: 'square each digit and add',
  };
};

export const multiples: Family = (choice, level) => {
  const most = byLevel(level, [60, 99, 300, 600, 999]);
  const limit = choice.integer(Math.floor(most / 3), most);
  const pairs = [2, 3, 4, 5, 6, 7, 8, 9].flatMap((a) => [3, 4, 5, 6, 7, 8, 9].map((b) => [a, b] as const));
  const [a, b] = choice.of(pairs.filter(([low, high]) => low < high && areCoprime(low, high)));
  const byA = longDivision(limit, a);
  if (level <= 2) {
    return {
      wordings: [
        `How many positive integers up to ${limit} are divisible by ${a}?`,
        `Count the multiples of $${a}$ from $1$ to $${limit}$.`,
      ],
      steps: byA.steps,
      answer: byA.quotient,
      goal: `the count of multiples of ${a}`,
      plan: `divide ${limit} by ${a}`,
    };
  }
  const counted = (number: number, divisor: number) => {
    const { steps, quotient } = longDivision(number, divisor);
    const title = `${number}/${divisor}`;
    return { steps: [remark(title), ...steps, remark(`${title} gives ${quotient}`)], quotient };
  };
  const [ofA, ofB, ofBoth] = [counted(limit, a), counted(limit, b), counted(byA.quotient, b)];
  const sum = ofA.quotient + ofB.quotient;
  return {
    wordings: [
      `How many positive integers up to ${limit} are divisible by ${a} or ${b}?`,
      `Count the integers from $1$ to $${limit}$ that are multiples of $${a}$ or of $${b}$.`,
    ],
    steps: [
      ...ofA.steps,
      ...ofB.steps,
      ...ofBoth.steps,
      add(ofA.quotient, ofB.quotient),
      subtract(sum, ofBoth.quotient),
    ],
    answer: sum - ofBoth.quotient,
    goal: `multiples of ${a} or ${b} up to ${limit}`,
    plan: 'count each and remove the overlap',
  };
};

function areCoprime(a: number, b: number): boolean {
  return b === 0 ? a === 1 : areCoprime(b, a % b);
}
