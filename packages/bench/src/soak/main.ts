// The soak's command line: rounds of churn for so many minutes, a census about every ten seconds, and the slope of each figure after
// the first fifth, in which caches fill and code is compiled.

import { parseArgs } from 'node:util'
import { type Census, type Figure, FIGURES, slopeOf, takeCensus } from './census.ts'
import { CYCLE, Churn } from './churn.ts'

const usage = 'usage: node --expose-gc packages/bench/bin/soak.js [--minutes N]'
const CENSUS_MS = 10_000
const WARM_UP = 0.2
/** Rounds side by side until then: pools of memory keep what was needed at the most, and must not come to that by chance later. */
const WARM_UP_ROUNDS = 4
/** Bytes an hour. */
const MOST_GROWTH = 2 ** 20
/** Looks at each end whose median is compared: single ones jump. */
const END_LOOKS = 5

/** Exit code: 0 flat, 1 growing or failed, 2 wrong usage. */
export async function soakMain(args: readonly string[]): Promise<number> {
  const minutes = minutesOf(args)
  if (minutes === undefined) {
    process.stderr.write(`${usage}\n`)
    return 2
  }
  const looks: Census[] = []
  let summary = ''
  {
    await using churn = await Churn.start()
    const start = performance.now()
    let next = 0
    for (let at = 0; at < minutes * 60_000; at = performance.now() - start) {
      const isWarm = at >= WARM_UP * minutes * 60_000
      await Promise.all(Array.from({ length: isWarm ? 1 : WARM_UP_ROUNDS }, () => churn.round()))
      // Always after the same content: what the caches hold of the last one must not pass for growth.
      if (at < next || churn.rounds % CYCLE !== 0) continue
      next = at + CENSUS_MS
      looks.push(await takeCensus(at))
      process.stdout.write(`${JSON.stringify({ ...looks.at(-1), at: Math.round(at), rounds: churn.rounds })}\n`)
    }
    summary = `${minutes} minutes, ${churn.rounds} rounds, ${(churn.bytes / 2 ** 20).toFixed(0)} MiB`
  }
  const steady = looks.filter(({ at }) => at >= WARM_UP * minutes * 60_000)
  const growing = FIGURES.filter((figure) => isGrowing(steady, figure))
  process.stdout.write(`${summary}\n`)
  for (const figure of FIGURES) process.stdout.write(`${line(steady, figure)}\n`)
  process.stdout.write(growing.length === 0 ? 'flat\n' : `GROWING: ${growing.join(', ')}\n`)
  return growing.length === 0 ? 0 : 1
}

/**
 * The process's size moves in steps of the allocator's, and the heap as functions get warm, so they are shown and not judged: the
 * heap without compiled code and buffers are.
 */
function isGrowing(looks: readonly Census[], figure: Figure): boolean {
  if (figure === 'rss' || figure === 'heap') return false
  if (figure === 'data' || figure === 'buffers') return slopeOf(looks, figure) > MOST_GROWTH
  const [first, last] = endsOf(looks, figure)
  return last > first + 2
}

function line(looks: readonly Census[], figure: Figure): string {
  const [first, last] = endsOf(looks, figure)
  const isBytes = figure !== 'timers' && figure !== 'handles' && figure !== 'descriptors'
  const show = (value: number) => (isBytes ? `${(value / 2 ** 20).toFixed(2)} MiB` : value.toFixed(1))
  return `${figure.padEnd(12)} ${show(first)} -> ${show(last)}, ${show(slopeOf(looks, figure))} per hour`
}

function endsOf(looks: readonly Census[], figure: Figure): [number, number] {
  const values = looks.map((look) => look[figure])
  return [median(values.slice(0, END_LOOKS)), median(values.slice(-END_LOOKS))]
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0
}

function minutesOf(args: readonly string[]): number | undefined {
  try {
    const { values } = parseArgs({ args: [...args], options: { minutes: { type: 'string', default: '30' } } })
    const minutes = Number(values.minutes)
    return minutes > 0 ? minutes : undefined
  } catch {
    return undefined
  }
}
