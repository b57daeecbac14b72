// The small form of the soak, in a process of its own: an unhandled rejection would end it, and the heap is that of the soak alone.
// SOAK_SEED tries another story.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import { growing, type Look, slopeOf } from '../src/soak/verdict.ts'

const run = promisify(execFile)
const seed = process.env['SOAK_SEED'] ?? '1'
const bin = fileURLToPath(new URL('../bin/soak.js', import.meta.url))
const census = new URL('../dist/soak/heap-census.js', import.meta.url).href

function looksOf(count: number, at: (hour: number) => Partial<Look>): Look[] {
  const still = { heap: 1_000_000, data: 1_000_000, buffers: 0, timers: 2, objects: new Map([['Torrent', 2]]) }
  return Array.from({ length: count }, (_, hour) => ({ hour, ...still, ...at(hour) }))
}

describe('what grows', () => {
  test('is a count of which each late look is above all before, and no other', () => {
    const count = (value: number) => ({ objects: new Map([['Torrent', value]]) })
    expect(growing(looksOf(24, () => ({})))).toEqual([])
    expect(growing(looksOf(24, (hour) => count(2 + (hour % 5))))).toEqual([])
    expect(growing(looksOf(24, (hour) => count(hour < 4 ? hour : 9)))).toEqual([])
    expect(growing(looksOf(24, (hour) => count(hour < 12 ? 2 + Math.floor(hour / 6) : 4)))).toEqual([])
    expect(growing(looksOf(24, (hour) => count(2 + Math.floor(hour / 6)))).map(({ name }) => name)).toEqual(['Torrent'])
    expect(growing(looksOf(24, (hour) => ({ timers: hour }))).map(({ name }) => name)).toEqual(['timers'])
  })

  test('is more than 1 MiB an hour, of bytes', () => {
    const heap = (perHour: number) => looksOf(6, (hour) => ({ heap: 10 + perHour * hour }))
    expect(slopeOf(heap(1_000), 'heap')).toBeCloseTo(1_000)
    expect(growing(heap(2 ** 20 - 1))).toEqual([])
    expect(growing(heap(2 ** 20 + 1)).map(({ name }) => name)).toEqual(['heap'])
  })
})

test('the census counts the objects of a class and sees how large their maps are', async () => {
  const program = `
    import { takeHeapCensus } from '${census}'
    class Leaky { #known = new Map(); add(key) { this.#known.set(key, key) } }
    const all = [new Leaky(), new Leaky()]
    const look = async () => {
      const { objects, code, data } = await takeHeapCensus()
      return [objects.get('Leaky'), objects.get('Leaky.#known'), code > 0, data > 0]
    }
    const before = await look()
    for (let key = 0; key < 1000; key++) all[0].add(key)
    console.log(JSON.stringify([before, await look()]))`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program])
  const [before, after] = JSON.parse(stdout)
  expect(before).toEqual([2, expect.any(Number), true, true])
  expect(after[0]).toBe(2)
  expect(after[1]).toBeGreaterThan(before[1] + 16_000)
})

test('the census leaves out the patterns of literals, which there are more of whenever a function first runs', async () => {
  const program = `
    import { takeHeapCensus } from '${census}'
    const functions = Array.from({ length: 200 }, (_, index) => new Function('return [' + index + ', [1, 2]]'))
    const kept = new Array(200).fill(undefined)
    const arrays = async () => (await takeHeapCensus()).objects.get('Array')
    await arrays()
    const before = await arrays()
    for (let times = 0; times < 100; times++) for (const each of functions) each()
    const ran = await arrays()
    for (const [index, each] of functions.entries()) kept[index] = each()
    console.log(JSON.stringify([ran - before, (await arrays()) - ran, kept.length]))`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program])
  const [patterns, lists] = JSON.parse(stdout)
  expect(Math.abs(patterns)).toBeLessThan(50)
  expect(lists).toBeGreaterThan(350)
})

test(`hours of churn leave nothing behind (SOAK_SEED=${seed})`, async () => {
  const { stdout } = await run(process.execPath, ['--expose-gc', bin, '--hours', '3', '--busy', '4', '--seed', seed])
  const lines = stdout.split('\n')
  expect(lines).toContain('flat')
  const looks = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
  expect(looks).toHaveLength(3)
  for (const { live, timers } of looks) {
    const { Session, Torrent, SwarmEngine, PartialPiece, MetadataFetch, FileStream, PeerConnection, Wire } = live
    expect({ Session, Torrent, SwarmEngine }).toEqual({ Session: 2, Torrent: 2, SwarmEngine: 2 })
    expect({ PartialPiece, MetadataFetch, FileStream }).toEqual({ PartialPiece: 0, MetadataFetch: 0, FileStream: 0 })
    // The two that stay may be connected to one another.
    expect(PeerConnection).toBeLessThanOrEqual(2)
    expect(Wire).toBeLessThanOrEqual(2)
    expect(timers).toBeLessThanOrEqual(8)
  }
  expect(looks[2]).toMatchObject({ stories: expect.any(Number), failedPieces: expect.any(Number) })
  expect(looks[2].bytes).toBeGreaterThan(1_000_000)
}, 300_000)
