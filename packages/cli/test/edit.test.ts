import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { runCli } from '@torrential/cli'
import { editTorrent, parseTorrent } from '@torrential/metainfo'
import { Bench } from './cli-process.ts'
import { fakeContext } from './fake-context.ts'
import { makeSample, type Sample } from './sample.ts'

const a = 'http://a.example/announce'
const b = 'udp://b.example:1'
const w = 'http://w.example/'

let bench: Bench
let sample: Sample
let file: string
let before: Uint8Array

beforeAll(async () => {
  bench = await Bench.open()
  sample = await makeSample(bench)
  file = bench.at('edited.torrent')
  before = editTorrent(await readFile(sample.torrent), { trackers: [[a, b], ['http://c.example/']], webSeeds: [w] })
}, 30_000)

afterAll(() => bench[Symbol.asyncDispose]())

async function edit(...words: string[]) {
  await writeFile(file, before)
  const context = fakeContext()
  const code = await runCli(['edit', ...words], context)
  return { code, out: context.stdout.text, err: context.stderr.text, after: parseTorrent(await readFile(file)) }
}

test.each([
  [['--comment', 'new'], { comment: 'new', trackers: [[a, b], ['http://c.example/']], webSeeds: [w] }],
  [['--tracker', b, '--tracker', 'http://n.example/'], { trackers: [[b], ['http://n.example/']] }],
  [
    ['--add-tracker', 'http://n.example/', '--add-tracker', b],
    { trackers: [[a, b], ['http://c.example/'], ['http://n.example/']] },
  ],
  [['--remove-tracker', 'http://c.example/', '--remove-tracker', a], { trackers: [[b]] }],
  [['--no-trackers'], { trackers: [], webSeeds: [w] }],
  [['--no-trackers', '--add-tracker', b], { trackers: [[b]] }],
  [['--web-seed', 'http://x.example/'], { webSeeds: ['http://x.example/'] }],
  [['--add-web-seed', 'http://x.example/'], { webSeeds: [w, 'http://x.example/'] }],
  [['--remove-web-seed', w], { webSeeds: [] }],
  [['--no-web-seeds'], { webSeeds: [], trackers: [[a, b], ['http://c.example/']] }],
])('%j replaces the file and leaves the info dictionary byte for byte', async (options, expected) => {
  const { code, err, after } = await edit(file, ...options)
  expect([code, err]).toEqual([0, ''])
  expect(after).toMatchObject(expected)
  expect(Buffer.compare(after.infoBytes, parseTorrent(before).infoBytes)).toBe(0)
  expect((await readdir(bench.folder)).filter((name) => name.includes('.new'))).toEqual([])
})

test('a comment is removed', async () => {
  const { after } = await edit(file, '--comment', 'to go')
  expect(after.comment).toBe('to go')
  before = after.bytes
  expect((await edit(file, '--no-comment')).after.comment).toBeUndefined()
})

test('-o writes elsewhere and leaves the source alone, of a v2 torrent with its piece layers too', async () => {
  const [source, output] = [bench.at('v2.torrent'), bench.at('other.torrent')]
  await bench.run('create', sample.data, '-o', source, '--v2', '--piece-length', '16K')
  const old = await readFile(source)
  expect((await edit(source, '-o', output, '--comment', 'c')).code).toBe(0)
  expect(await readFile(source)).toEqual(old)
  const [was, is] = [parseTorrent(old), parseTorrent(await readFile(output))]
  expect(is.comment).toBe('c')
  expect(is.infoHash).toEqual(was.infoHash)
  expect(is.pieceLayers).toEqual(was.pieceLayers)
  expect(is.pieceLayers.size).toBeGreaterThan(0)
})

test('--json prints what became of it', async () => {
  const { out } = await edit(file, '--json', '--tracker', a, '--no-web-seeds', '--comment', 'x')
  expect(JSON.parse(out)).toEqual({
    type: 'edited',
    path: file,
    name: 'Pack',
    infoHashV1: sample.infoHash,
    infoHashV2: null,
    trackers: [[a]],
    webSeeds: [],
    comment: 'x',
  })
})

test.each([
  [() => [file], 'OPTION_MISSING'],
  [() => [file, '--remove-tracker', 'http://unknown.example/'], 'EDIT_UNKNOWN'],
  [() => [file, '--remove-web-seed', 'http://unknown.example/'], 'EDIT_UNKNOWN'],
  [() => [file, '--tracker', 'nonsense'], 'OPTION_VALUE'],
  [() => ['-', '--comment', 'x'], 'OPTION_MISSING'],
  [() => ['http://127.0.0.1:1/x.torrent', '--comment', 'x'], 'OPTION_MISSING'],
  [() => [bench.at('nowhere.torrent'), '--comment', 'x'], 'SOURCE_NOT_FOUND'],
])('bad input is code 2, and nothing is written (%#)', async (words, code) => {
  const result = await edit(...words())
  expect([result.code, result.err]).toEqual([2, expect.stringMatching(new RegExp(`^error: ${code}: `)) as unknown])
  expect(Buffer.compare(await readFile(file), before)).toBe(0)
})
