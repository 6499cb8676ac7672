/** Lines of working, each a computation with numbers of a few digits, and the sentences that check them. */

/** A line, and how it is checked; `null` for a line that claims nothing. */
export interface Step {
  readonly line: string;
  readonly check: string | null;
}

export function add(a: number, b: number): Step {
  return { line: `${a}+${b}=${a + b}`, check: `${a + b}-${b}=${a}` };
}

/** `a - b`, which must not be negative. */
export function subtract(a: number, b: number): Step {
  return { line: `${a}-${b}=${a - b}`, check: `${a - b}+${b}=${a}` };
}

export function multiply(a: number, b: number): Step {
  return { line: `${a}*${b}=${a * b}`, check: `${b}*${a}=${a * b}` };
}

/** Division with remainder. */
export function divide(x: number, m: number): Step {
  const [quotient, rest] = [Math.floor(x / m), x % m];
  const product = m * quotient;
  return {
    line: `${x}=${m}*${quotient}+${rest}`,
    check: `${m}*${quotient}=${product}, ${product}+${rest}=${x}`,
  };
}

/** Several computations on one line; the last one is checked. */
export function joined(prefix: string, ...steps: readonly Step[]): Step {
  return { line: prefix + steps.map(({ line }) => line).join('; '), check: steps.at(-1)!.check };
}

/** A line that only says where the working stands. */
export function remark(line: string): Step {
  return { line, check: null };
}

export interface LongDivision {
  readonly steps: readonly Step[];
  readonly quotient: number;
  readonly rest: number;
}

/**
 * Long division, a digit a line. Each line begins with what is left of the number, so that the place is copied and need not be
 * remembered.
 */
export function longDivision(dividend: number, m: number): LongDivision {
  const digits = String(dividend);
  const steps: Step[] = [];
  let [rest, quotient] = [0, 0];
  for (const [at, digit] of [...digits].entries()) {
    const x = 10 * rest + Number(digit);
    // A first digit that is too small is taken together with the second.
    if (at === 0 && x < m && digits.length > 1) {
      rest = x;
      continue;
    }
    const left = steps.length === 0 ? digits : `${rest}${digits.slice(at)}`;
    steps.push(joined(`${left}: `, divide(x, m)));
    quotient = 10 * quotient + Math.floor(x / m);
    rest = x % m;
  }
  return { steps, quotient, rest };
}
