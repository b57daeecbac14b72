// What the process holds at one moment, after the garbage is gone, and how that grows over an hour.

import { readdirSync } from 'node:fs'
import { takeHeapCensus } from '@torrential/simulation'

/** One look; bytes unless it is a count. */
export interface Census {
  /** Milliseconds since the start. */
  readonly at: number
  readonly heap: number
  /** Of the heap, what is not compiled code, which grows as long as functions get warm. */
  readonly data: number
  readonly buffers: number
  readonly rss: number
  readonly timers: number
  /** Everything else that keeps the process alive: sockets, servers, requests. */
  readonly handles: number
  /** File descriptors; 0 where the system does not tell. */
  readonly descriptors: number
}

export type Figure = Exclude<keyof Census, 'at'>

export const FIGURES: readonly Figure[] = ['heap', 'data', 'buffers', 'rss', 'timers', 'handles', 'descriptors']

/** Turns of the loop in which sockets that were closed are let go of, and collections between them. */
const SETTLING = 3

/** Collects the garbage first, where `node --expose-gc` allows it. */
export async function takeCensus(at: number): Promise<Census> {
  for (let turn = 0; turn < SETTLING; turn++) {
    await new Promise((resolve) => setImmediate(resolve))
    globalThis.gc?.()
  }
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage()
  const { data } = await takeHeapCensus()
  return { at, heap: heapUsed, data, buffers: arrayBuffers, rss, ...countResources() }
}

/** At this moment. */
export function countResources(): Pick<Census, 'timers' | 'handles' | 'descriptors'> {
  const resources = process.getActiveResourcesInfo()
  const timers = resources.filter((name) => name === 'Timeout' || name === 'Immediate').length
  return { timers, handles: resources.length - timers, descriptors: descriptorCount() }
}

/** Least squares, per hour; 0 for fewer than two looks. */
export function slopeOf(looks: readonly Census[], figure: Figure): number {
  const count = looks.length
  if (count < 2) return 0
  const hours = looks.map(({ at }) => at / 3_600_000)
  const values = looks.map((look) => look[figure])
  const meanX = hours.reduce((sum, x) => sum + x, 0) / count
  const meanY = values.reduce((sum, y) => sum + y, 0) / count
  let over = 0
  let under = 0
  for (const [at, x] of hours.entries()) {
    over += (x - meanX) * ((values[at] ?? 0) - meanY)
    under += (x - meanX) ** 2
  }
  return under === 0 ? 0 : over / under
}

function descriptorCount(): number {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return 0
  }
}
