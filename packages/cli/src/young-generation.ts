// How large V8's young generation may grow. It doubles whenever as much as it holds has survived since it grew last, so every
// process that runs for a while ends at the most, 2 × 16 MiB, whatever it does. Half of that costs a transfer nothing that can
// be measured. The option for it (--max-semi-space-size) is read before the first line of a script runs; the factor of growth
// is read whenever it grows.

import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** Bytes of both semi-spaces together. */
const LIMIT = 16 * 2 ** 20

/**
 * Keeps the young generation of this thread from growing once it has 16 MiB; it may still shrink, and grow again up to there.
 * What is looked at is its size after each collection: an idle process pays nothing, and several collections within one turn of
 * the event loop can grow it beyond.
 */
export function limitYoungGeneration(): void {
  let mayGrow = true
  const observer = new PerformanceObserver(() => {
    const isSmall = youngGenerationBytes() < LIMIT
    if (isSmall === mayGrow) return
    mayGrow = isSmall
    setFlagsFromString(`--semi-space-growth-factor=${mayGrow ? 2 : 1}`)
  })
  observer.observe({ entryTypes: ['gc'] })
}

/** Bytes of both semi-spaces of this thread, used or not. */
function youngGenerationBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0
}

/** True when whoever started this process chose a size: with `--max-semi-space-size` or its like, also in NODE_OPTIONS. */
export function hasChosenYoungGeneration({ execArgv, env }: Pick<NodeJS.Process, 'execArgv' | 'env'>): boolean {
  return [...execArgv, env.NODE_OPTIONS ?? ''].some((option) => /semi[-_]space/.test(option))
}
