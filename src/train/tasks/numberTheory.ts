/** Families about remainders and divisors. */
import { divide, joined, longDivision, type Step, subtract } from './steps.js';
import { byLevel, type Family, MODULI } from './task.js';

/** Digits of a long number. */
const DIGITS = [[2], [3], [4, 5], [5, 6], [6, 7, 8]] as const;

export const remainder: Family = (choice, level) => {
  const digits = choice.of(byLevel<readonly number[]>(level, DIGITS));
  const m = choice.of(MODULI);
  const number = choice.integer(10 ** (digits - 1), 10 ** digits - 1);
  const { steps, rest } = longDivision(number, m);
  return {
    wordings: [
      `Find the remainder when ${number} is divided by ${m}.`,
      `What is the remainder of $${number}$ upon division by $${m}$?`,
      `Let $r$ be the remainder when $${number}$ is divided by $${m}$. Find $r$.`,
    ],
    steps,
    answer: rest,
    goal: `the remainder of ${number} divided by ${m}`,
    plan: 'bring down one digit at a time',
  };
};

export const recurrence: Family = (choice, level) => {
  const last = choice.of(byLevel<readonly number[]>(level, [[2], [3], [4, 5], [5, 6], [6, 7]]));
  const m = choice.of(MODULI);
  const first = choice.integer(1, m - 1);
  const factor = choice.integer(2, 5);
  const constant = choice.integer(1, 9);
  const steps: Step[] = [];
  let term = first;
  for (let at = 2; at <= last; at += 1) {
    const next = factor * term + constant;
    const working = `a${at}: ${factor}*${term}=${factor * term}; ${factor * term}+${constant}=${next}; `;
    steps.push(joined(working, divide(next, m)));
    term = next % m;
  }
  return {
    wordings: [
      `Let $a_1=${first}$ and let $a_{n+1}$ be the remainder of $${factor}a_n+${constant}$ divided by $${m}$. Find $a_${last}$.`,
      `A sequence has $a_1=${first}$ and $a_{n+1}=${factor}a_n+${constant} \\bmod ${m}$. What is $a_${last}$?`,
    ],
    steps,
    answer: term,
    goal: `a${last}`,
    plan: 'compute the terms in order',
  };
};

export const power: Family = (choice, level) => {
  const exponent = choice.of(byLevel<readonly number[]>(level, [[2], [3], [4, 5], [5, 6, 7], [7, 8, 9]]));
  const m = choice.of(MODULI);
  const bases = Array.from({ length: Math.min(99, 10 * m - 1) - m }, (_, at) => m + 1 + at);
  const base = choice.of(bases.filter((candidate) => candidate % m !== 0));
  const reduced = base % m;
  const steps = [divide(base, m)];
  let value = reduced;
  for (let at = 2; at <= exponent; at += 1) {
    const next = value * reduced;
    const tens = 10 * m;
    // Quotients of two digits are not learnt by heart: ten times the modulus is taken away first.
    const [working, left] = next >= tens ? [`${next}-${tens}=${next - tens}; `, next - tens] : ['', next];
    steps.push(joined(`p${at}: ${value}*${reduced}=${next}; ${working}`, divide(left, m)));
    value = next % m;
  }
  return {
    wordings: [
      `Find the remainder when $${base}^${exponent}$ is divided by $${m}$.`,
      `What is $${base}^${exponent} \\bmod ${m}$?`,
      `Compute the remainder of $${base}^{${exponent}}$ modulo $${m}$.`,
    ],
    steps,
    answer: value,
    goal: `${base}^${exponent} mod ${m}`,
    plan: 'reduce the base and multiply step by step',
  };
};

/** Factors tried for numbers with a common divisor and so many subtractions as the level asks for. */
const GCD_LIMITS = [
  { factor: 6, number: 20, least: 1, most: 3 },
  { factor: 9, number: 40, least: 2, most: 4 },
  { factor: 12, number: 99, least: 4, most: 6 },
  { factor: 20, number: 150, least: 5, most: 8 },
  { factor: 25, number: 250, least: 7, most: 10 },
] as const;

export const commonDivisor: Family = (choice, level) => {
  const limits = byLevel<(typeof GCD_LIMITS)[number]>(level, GCD_LIMITS);
  for (;;) {
    const factor = choice.integer(1, limits.factor);
    const most = Math.max(2, Math.floor(limits.number / factor));
    const [u, v] = [factor * choice.integer(1, most), factor * choice.integer(1, most)];
    if (u <= v || u > limits.number || v < 4) continue;
    const steps: Step[] = [];
    let [x, y] = [u, v];
    while (x !== y) {
      const [larger, smaller] = [Math.max(x, y), Math.min(x, y)];
      steps.push(subtract(larger, smaller));
      [x, y] = [larger - smaller, smaller];
    }
    if (steps.length < limits.least || steps.length > limits.most) continue;
    return {
      wordings: [
        `Find the greatest common divisor of ${u} and ${v}.`,
        `Compute $\\gcd(${u},${v})$.`,
        `What is the largest integer dividing both $${u}$ and $${v}$?`,
      ],
      steps,
      answer: x,
      goal: `gcd of ${u} and ${v}`,
      plan: 'subtract the smaller from the larger',
    };
  }
};
