import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { readdir } from 'node:fs/promises'
import { Bench } from './cli-process.ts'
import { makeSample, type Sample } from './sample.ts'

const local = ['--host', '127.0.0.1', '--port', '0', '--no-trackers']
const patience = 60_000
const megabytes = 6 * 1024 * 1024

let bench: Bench
let sample: Sample
let peer: readonly string[]

beforeAll(async () => {
  bench = await Bench.open()
  sample = await makeSample(bench, { large: megabytes })
  const seed = bench.start('seed', sample.torrent, '--path', sample.seeded, '--json', ...local)
  const { port } = await seed.line({ type: 'ready' })
  peer = ['--peer', `127.0.0.1:${String(port)}`]
}, patience)

afterAll(() => bench[Symbol.asyncDispose]())

async function leftovers(): Promise<string[]> {
  return (await readdir(bench.folder)).filter((name) => name.startsWith('torrential-cat-'))
}

test(
  'writes the largest file, byte for byte, and cleans up',
  async () => {
    const { code, stdout, stderr } = await bench.run('cat', sample.torrent, ...local, ...peer)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout.equals(sample.files.get('large.bin') ?? Buffer.alloc(0))).toBe(true)
    expect(await leftovers()).toEqual([])
  },
  patience,
)

test(
  'takes a path or a glob, and an empty file is empty',
  async () => {
    const small = await bench.run('cat', sample.torrent, 'sub/small.bin', ...local, ...peer)
    expect(small.stdout).toEqual(sample.files.get('sub/small.bin'))
    const glob = await bench.run('cat', sample.torrent, 'grü*', ...local, ...peer)
    expect(glob.stdout).toEqual(sample.files.get('sub/grüße.txt'))
    const empty = await bench.run('cat', sample.torrent, '0', ...local, ...peer)
    expect([empty.code, empty.stdout.length]).toEqual([0, 0])
  },
  patience,
)

test(
  'starts before the download is complete',
  async () => {
    // At this speed the whole file would take a minute.
    const cat = bench.start('cat', sample.torrent, '--max-down', '100K', ...local, ...peer)
    const length = await cat.bytes(1)
    expect(length).toBeLessThan(megabytes / 2)
    cat.child.kill('SIGINT')
    const { code, stdout, stderr } = await cat.ended
    expect([code, stderr]).toEqual([130, ''])
    expect(sample.files.get('large.bin')?.subarray(0, stdout.length).equals(stdout)).toBe(true)
    expect(await leftovers()).toEqual([])
  },
  patience,
)

test(
  'keeps the data with --path',
  async () => {
    await bench.run('cat', sample.torrent, 'sub/small.bin', '--path', bench.at('kept'), ...local, ...peer)
    expect(await readdir(bench.at('kept', 'Pack', 'sub'))).toContain('small.bin')
  },
  patience,
)

test(
  'ends quietly when the reader goes away, and cleans up',
  async () => {
    const cat = bench.start('cat', sample.torrent, '--max-down', '300K', ...local, ...peer)
    await cat.bytes(1)
    cat.child.stdout?.destroy()
    const { code, stderr } = await cat.ended
    expect([code, stderr]).toEqual([141, ''])
    expect(await leftovers()).toEqual([])
  },
  patience,
)

test(
  'a file that is not there is bad input',
  async () => {
    const { code, stdout, stderr } = await bench.run('cat', sample.torrent, 'film.mkv', ...local, ...peer)
    expect([code, stdout.length]).toEqual([2, 0])
    expect(stderr).toMatch(/^error: FILE_NOT_FOUND: [^\n]+\n$/)
  },
  patience,
)
