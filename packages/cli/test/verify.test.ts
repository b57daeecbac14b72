import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { cp, readdir, truncate, writeFile } from 'node:fs/promises'
import { Bench } from './cli-process.ts'
import { makeSample, type Sample } from './sample.ts'

let bench: Bench
let sample: Sample

beforeAll(async () => {
  bench = await Bench.open()
  sample = await makeSample(bench)
}, 30_000)

afterAll(() => bench[Symbol.asyncDispose]())

test('complete data is 0, and verified is the last line', async () => {
  const { code, lines, stderr } = await bench.run('verify', sample.torrent, '--path', sample.seeded, '--json')
  expect([code, stderr]).toEqual([0, ''])
  expect(lines.at(-1)).toEqual({ type: 'verified', torrent: sample.infoHash, have: 15, of: 15 })
  expect(lines.filter(({ type }) => type === 'checking').at(-1)).toMatchObject({ done: 15, have: 15, of: 15 })
}, 30_000)

test('damaged data is 1, and the damaged files are named', async () => {
  await cp(sample.seeded, bench.at('damaged'), { recursive: true })
  await truncate(bench.at('damaged', 'Pack', 'sub', 'small.bin'), 100)
  const { code, lines } = await bench.run('verify', sample.torrent, '--path', bench.at('damaged'), '--json')
  expect(code).toBe(1)
  const { have } = lines.at(-1) as { have: number }
  expect(have).toBeGreaterThan(10)
  expect(have).toBeLessThan(15)
  expect(lines.filter(({ type }) => type === 'file-damaged').map(({ path }) => path)).toContain('Pack/sub/small.bin')
}, 30_000)

test('missing data is 1 and nothing is created', async () => {
  const { code, lines, stderr } = await bench.run('verify', sample.torrent, '--path', bench.at('nothing'), '--json')
  expect([code, stderr]).toEqual([1, ''])
  expect(lines.at(-1)).toMatchObject({ type: 'verified', have: 0, of: 15 })
  expect(await readdir(bench.folder)).not.toContain('nothing')
  expect(await readdir(bench.folder)).not.toContain('state')
}, 30_000)

test('a .torrent that is none is 2', async () => {
  await writeFile(bench.at('bad.torrent'), 'd4:infoi1ee')
  const { code, stdout, stderr } = await bench.run('verify', 'bad.torrent', '--path', '.')
  expect([code, stdout.length]).toEqual([2, 0])
  expect(stderr).toMatch(/^error: [A-Z_]+: [^\n]+\n$/)
}, 30_000)
