// When something counts as growing. All looks are taken in silence, so counts are compared as they are: of what grows, even the least
// of the late looks is more than the most of all before. What is made when it is first needed stops growing, some of it after many
// hours; a leak goes on. A day does not show what leaks less than an object in six hours or so.

/** One look after an hour; bytes unless it is a count. */
export interface Look {
  readonly hour: number
  readonly heap: number
  /** Of the heap, what is not compiled code. */
  readonly data: number
  readonly buffers: number
  /** Of the virtual clock. */
  readonly timers: number
  /** See `HeapCensus`. */
  readonly objects: ReadonlyMap<string, number>
}

export const BYTES = ['heap', 'data', 'buffers'] as const
/** Bytes an hour. */
const MOST_GROWTH = 2 ** 20
/** Share of the looks in which caches fill and code is compiled. */
const WARM_UP = 0.2

/** With less of them chance decides which count is the higher one: then only bytes are judged. */
const LEAST_LOOKS = 9

export interface Growth {
  readonly name: string
  readonly values: readonly number[]
}

/** What grows after the warm-up. */
export function growing(looks: readonly Look[]): Growth[] {
  const steady = steadyOf(looks)
  const found: Growth[] = []
  for (const figure of BYTES) {
    if (slopeOf(looks, figure) > MOST_GROWTH) found.push({ name: figure, values: steady.map((look) => look[figure]) })
  }
  const names = new Set(steady.flatMap(({ objects }) => [...objects.keys()]))
  const counts = [...names].map((name) => ({ name, values: steady.map(({ objects }) => objects.get(name) ?? 0) }))
  counts.push({ name: 'timers', values: steady.map(({ timers }) => timers) })
  return [...found, ...counts.filter(({ values }) => isGrowing(values))]
}

/** Least squares, bytes per hour, after the warm-up; 0 for less than two looks. */
export function slopeOf(looks: readonly Look[], figure: (typeof BYTES)[number]): number {
  const steady = steadyOf(looks)
  const meanX = meanOf(steady.map(({ hour }) => hour))
  const meanY = meanOf(steady.map((look) => look[figure]))
  let [over, under] = [0, 0]
  for (const look of steady) {
    over += (look.hour - meanX) * (look[figure] - meanY)
    under += (look.hour - meanX) ** 2
  }
  return under === 0 ? 0 : over / under
}

function steadyOf(looks: readonly Look[]): readonly Look[] {
  return looks.slice(Math.ceil(looks.length * WARM_UP))
}

function isGrowing(values: readonly number[]): boolean {
  const third = Math.max(1, Math.floor(values.length / 3))
  if (values.length < LEAST_LOOKS) return false
  return Math.min(...values.slice(-third)) > Math.max(...values.slice(0, -third))
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
}
