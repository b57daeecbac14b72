import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { runCli } from '@torrential/cli'
import { parseTorrent } from '@torrential/metainfo'
import { toHex } from '@torrential/primitives'
import { Bench } from './cli-process.ts'
import { fakeContext } from './fake-context.ts'
import { makeSample, type Sample } from './sample.ts'

let bench: Bench
let sample: Sample

beforeAll(async () => {
  bench = await Bench.open()
  sample = await makeSample(bench)
}, 30_000)

afterAll(() => bench[Symbol.asyncDispose]())

async function create(...words: (string | readonly string[])[]) {
  const args = words.flat()
  const context = fakeContext()
  const code = await runCli(['create', ...args], context)
  return { code, out: context.stdout.text, err: context.stderr.text }
}

test('each --tracker is a tier of its own, and the other options are in the file', async () => {
  const file = bench.at('full.torrent')
  const { code } = await create(
    [
      sample.data,
      '-o',
      file,
      '--piece-length',
      '32K',
      '--tracker',
      'udp://a.example:1',
      '--tracker',
      'http://b.example/',
    ],
    [
      '--web-seed',
      'http://c.example/',
      '--private',
      '--comment',
      'hello',
      '--collection',
      'c',
      '--similar',
      'AB'.repeat(20),
    ],
  )
  expect(code).toBe(0)
  expect(parseTorrent(await readFile(file))).toMatchObject({
    trackers: [['udp://a.example:1'], ['http://b.example/']],
    webSeeds: ['http://c.example/'],
    private: true,
    collections: ['c'],
    similar: [Uint8Array.from({ length: 20 }, () => 0xab)],
    comment: 'hello',
    geometry: { pieceLength: 32_768 },
  })
})

test.each([
  [[], 'hybrid'],
  [['--v1'], 'v1'],
  [['--v2'], 'v2'],
  [['--hybrid'], 'hybrid'],
])('%j makes a %s torrent', async (options, version) => {
  const file = bench.at('version.torrent')
  const { code, out } = await create(sample.data, '-o', file, '--json', options)
  expect(code).toBe(0)
  const metainfo = parseTorrent(await readFile(file))
  expect(metainfo.version).toBe(version)
  const hashes = [metainfo.infoHashV1, metainfo.infoHashV2].map((hash) => (hash === undefined ? null : toHex(hash)))
  const { infoHashV1, infoHashV2, files } = JSON.parse(out.split('\n').filter(Boolean).at(-1) ?? '') as Record<
    string,
    unknown
  >
  expect([infoHashV1, infoHashV2]).toEqual(hashes)
  expect(files).toBe(metainfo.files.filter(({ pad }) => !pad).length)
})

test('without a date the same data gives the same bytes', async () => {
  await create(sample.data, '-o', bench.at('one.torrent'), '--no-date')
  await create(sample.data, '-o', bench.at('two.torrent'), '--no-date')
  expect(await readFile(bench.at('one.torrent'))).toEqual(await readFile(bench.at('two.torrent')))
  expect(parseTorrent(await readFile(bench.at('one.torrent'))).creationDate).toBeUndefined()
})

test('replaces an existing output as a whole and leaves nothing else behind', async () => {
  const file = bench.at('old.torrent')
  await writeFile(file, 'something old')
  expect((await create(sample.data, '-o', file)).code).toBe(0)
  expect(parseTorrent(await readFile(file)).name).toBe('Pack')
  expect((await readdir(bench.folder)).filter((name) => name.includes('.new'))).toEqual([])
})

test('prints a JSON line for what it made', async () => {
  const { out } = await create(sample.data, '-o', bench.at('json.torrent'), '--v1', '--piece-length', '16384', '--json')
  const lines = out.split('\n').filter(Boolean)
  expect(JSON.parse(lines.at(-1) ?? '')).toEqual({
    type: 'created',
    path: bench.at('json.torrent'),
    name: 'Pack',
    infoHashV1: sample.infoHash,
    infoHashV2: null,
    length: 230_777,
    pieceLength: 16_384,
    pieceCount: 15,
    files: 4,
  })
})

test.each([
  [() => ['nowhere'], 'CREATE_MISSING', 2],
  [() => [sample.data, '--piece-length', '20000'], 'PIECE_LENGTH', 2],
  [() => [sample.data, '--piece-length', '8K'], 'PIECE_LENGTH', 2],
])('bad input is code 2 (%#)', async (args, code, exit) => {
  const result = await create(...args(), '-o', bench.at('never.torrent'))
  expect(result.code).toBe(exit)
  expect(result.err).toMatch(new RegExp(`^error: ${code}: `))
  expect(await readdir(bench.folder)).not.toContain('never.torrent')
})

test('an output that cannot be written is code 1', async () => {
  const result = await create(sample.data, '-o', bench.at('no', 'such', 'folder', 'x.torrent'))
  expect([result.code, result.err]).toEqual([1, expect.stringMatching(/^error: ENOENT: /) as unknown])
})

test('an output that is part of the data is refused', async () => {
  const inside = bench.at('seeded', 'Pack', 'sub', 'small.bin')
  const before = await readFile(inside)
  const result = await create(sample.data, '-o', inside)
  expect([result.code, result.err]).toEqual([2, expect.stringMatching(/^error: OUTPUT_IS_INPUT: /) as unknown])
  expect(await readFile(inside)).toEqual(before)
})
