// Figures out of few runs. The median, because one disturbed run must not move the result; the extremes, because with so few runs
// nothing else says honestly how far to trust it.

/** What several runs of the same thing gave. */
export interface Summary {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** @throws RangeError without values */
export function summarize(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b)
  const [min, max] = [sorted[0], sorted.at(-1)]
  if (min === undefined || max === undefined) throw new RangeError('a summary needs at least one value')
  return { median: medianOf(sorted), min, max }
}

function medianOf(sorted: readonly number[]): number {
  const upper = sorted.length >> 1
  const right = sorted[upper] as number
  return sorted.length % 2 === 1 ? right : ((sorted[upper - 1] as number) + right) / 2
}

/** Half of the distance between the extremes, as a part of the median: 0.05 reads "± 5 %". */
export function spread({ median, min, max }: Summary): number {
  return median === 0 ? 0 : (max - min) / 2 / median
}

/**
 * The order of a round: each contestant is first once before any is first again, so that a machine that grows slower (or a cache
 * that grows warmer) favours nobody.
 */
export function rotated<Item>(items: readonly Item[], round: number): Item[] {
  if (items.length === 0) return []
  const start = round % items.length
  return [...items.slice(start), ...items.slice(0, start)]
}
