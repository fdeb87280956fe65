/** Differences of two texts by lines. @module */

/** A place where two texts differ. */
export interface Difference {
  /** Line of the first text, from 1. */
  line: number;
  /** Lines that only the first text has. */
  removed: string[];
  /** Lines that only the second text has. */
  added: string[];
}

/** How far to look for lines that agree again. */
const WINDOW = 200;

/** The differences from one text to another, in order. */
export function differences(before: string, after: string): Difference[] {
  const [a, b] = [before.split("\n"), after.split("\n")];
  const result: Difference[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      i++;
      j++;
      continue;
    }
    const [skipA, skipB] = resynchronise(a, i, b, j);
    result.push({ line: i + 1, removed: a.slice(i, i + skipA), added: b.slice(j, j + skipB) });
    i += skipA;
    j += skipB;
  }
  return result;
}

/** The least number of lines to skip on both sides until they agree again; all the rest if they do not soon. */
function resynchronise(a: readonly string[], i: number, b: readonly string[], j: number): [number, number] {
  for (let sum = 1; sum <= 2 * WINDOW; sum++) {
    for (let skipA = Math.max(0, sum - WINDOW); skipA <= Math.min(sum, WINDOW); skipA++) {
      const [x, y] = [i + skipA, j + sum - skipA];
      if (x >= a.length && y >= b.length) return [a.length - i, b.length - j];
      if (x < a.length && y < b.length && a[x] === b[y]) return [skipA, sum - skipA];
    }
  }
  return [a.length - i, b.length - j];
}
