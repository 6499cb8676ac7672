/** Values as floating-point numbers: only to tell signs, and only where the sign is beyond doubt. */
import type { Value } from './quotient.js';
import type { Atom, Power, Sum } from './terms.js';

/** A number this close to 0, as a share of the largest term, may be 0 or have either sign. */
const DOUBT = 1e-9;

/** -1, 0 or 1; `null` where there are variables, or where rounding could decide. */
export function signOf({ above, below }: Value): -1 | 0 | 1 | null {
  if (above.size === 0) return 0;
  const [top, bottom] = [sumNear(above), sumNear(below)];
  return top === null || bottom === null ? null : top * bottom > 0 ? 1 : -1;
}

/** The number that the sum is near to; `null` where there are variables or its sign is in doubt. */
function sumNear(sum: Sum): number | null {
  let [total, largest] = [0, 0];
  for (const { coefficient, powers } of sum.values()) {
    let term = Number(coefficient.numerator) / Number(coefficient.denominator);
    for (const power of powers) {
      const factor = powerNear(power);
      if (factor === null) return null;
      term *= factor;
    }
    total += term;
    largest = Math.max(largest, Math.abs(term));
  }
  return Number.isFinite(largest) && Math.abs(total) > DOUBT * largest ? total : null;
}

function powerNear({ atom, above, below }: Power): number | null {
  const base = atomNear(atom);
  return base === null ? null : base ** (above / below);
}

function atomNear(atom: Atom): number | null {
  switch (atom.kind) {
    case 'prime':
      return Number(atom.prime);
    case 'radicand': {
      const radicand = sumNear(atom.sum);
      return radicand === null || radicand < 0 ? null : radicand;
    }
    case 'symbol':
      return atom.name === 'pi' ? Math.PI : atom.name === 'e' ? Math.E : null;
    case 'imaginary':
      return null;
    default:
      return atom satisfies never;
  }
}
