import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { readdir, readFile } from 'node:fs/promises'
import { Bench, type CliProcess } from './cli-process.ts'
import { makeSample, type Sample } from './sample.ts'

const local = ['--host', '127.0.0.1', '--port', '0', '--json']
const quiet = [...local, '--no-trackers']
const patience = 60_000

let bench: Bench
let sample: Sample
let tracker: CliProcess
let url: string
let magnet: string
let seedAddress: string

beforeAll(async () => {
  bench = await Bench.open()
  sample = await makeSample(bench)
  tracker = bench.start('tracker', '--host', '127.0.0.1', '--port', '0', '--json')
  const { urls } = await tracker.line({ type: 'ready' })
  url = (urls as string[])[0] as string
  const announced = bench.at('announced.torrent')
  await bench.run('create', sample.data, '-o', announced, '--v1', '--piece-length', '16K', '--tracker', url, '--json')
  const seed = bench.start('seed', announced, '--path', sample.seeded, ...local)
  const { port } = await seed.line({ type: 'ready' })
  seedAddress = `127.0.0.1:${String(port)}`
  magnet = `magnet:?xt=urn:btih:${sample.infoHash}`
}, patience)

afterAll(() => bench[Symbol.asyncDispose]())

async function expectCopy(folder: string): Promise<void> {
  for (const [path, bytes] of sample.files) expect(await readFile(bench.at(folder, 'Pack', path))).toEqual(bytes)
}

describe('download of a magnet link', () => {
  test(
    'needs nothing but a peer in the link, and tells when the metadata is here',
    async () => {
      const link = `${magnet}&x.pe=${seedAddress}`
      const { code, lines, stderr } = await bench.run('download', link, '--path', bench.at('one'), ...quiet)
      expect([code, stderr]).toEqual([0, ''])
      await expectCopy('one')
      const types = lines.map(({ type }) => type)
      expect(types.indexOf('metadata')).toBeLessThan(types.indexOf('ready'))
      expect(lines.find(({ type }) => type === 'metadata')).toEqual({
        type: 'metadata',
        torrent: sample.infoHash,
        name: 'Pack',
        infoHashV1: sample.infoHash,
        infoHashV2: null,
        length: 230_777,
        pieceLength: 16_384,
        pieceCount: sample.pieces,
        files: 4,
      })
    },
    patience,
  )

  test(
    'finds its peers through the tracker that the link names',
    async () => {
      const link = `${magnet}&tr=${encodeURIComponent(url)}`
      const { code, stderr } = await bench.run('download', link, '--path', bench.at('two'), ...local)
      expect([code, stderr]).toEqual([0, ''])
      await expectCopy('two')
    },
    patience,
  )

  test(
    'fetches the files that the link or --select selects, and fails when there are none of those',
    async () => {
      const link = `${magnet}&x.pe=${seedAddress}`
      expect((await bench.run('download', `${link}&so=2`, '--path', bench.at('three'), ...quiet)).code).toBe(0)
      expect(await readdir(bench.at('three', 'Pack'))).toEqual(['sub'])
      const none = ['download', link, '--select', '*.iso', '--path', bench.at('four')]
      const { code, stderr } = await bench.run(...none, ...quiet)
      expect(code).toBe(2)
      expect(stderr).toMatch(/^error: SELECT_NOTHING: /)
    },
    patience,
  )

  test(
    'in plain text says what it got',
    async () => {
      const plain = ['--host', '127.0.0.1', '--port', '0', '--no-trackers']
      const link = `${magnet}&x.pe=${seedAddress}`
      const { code, stdout } = await bench.run('download', link, '--path', bench.at('five'), ...plain)
      expect(code).toBe(0)
      expect(stdout.toString()).toMatch(/^metadata {2}Pack: 225 KiB in 4 files$/m)
    },
    patience,
  )
})

describe('download of a magnet link of another version', () => {
  /** Seeds what `sample` has in another version, announced to the tracker; returns the link's names and the address. */
  async function seeded(version: 'v2' | 'hybrid'): Promise<{ readonly names: string; readonly address: string }> {
    const file = bench.at(`${version}.torrent`)
    const options = ['-o', file, `--${version}`, '--piece-length', '16K', '--tracker', url, '--json']
    const { lines } = await bench.run('create', sample.data, ...options)
    const { infoHashV1, infoHashV2 } = lines.at(-1) as { infoHashV1: string | null; infoHashV2: string }
    const seed = bench.start('seed', file, '--path', sample.seeded, ...local)
    const { port } = await seed.line({ type: 'ready' })
    const names = [`xt=urn:btmh:1220${infoHashV2}`, ...(infoHashV1 === null ? [] : [`xt=urn:btih:${infoHashV1}`])]
    return { names: names.join('&'), address: `127.0.0.1:${String(port)}` }
  }

  test.each(['v2', 'hybrid'] as const)(
    '%s, with nothing but a peer in the link, and with nothing but a tracker',
    async (version) => {
      const { names, address } = await seeded(version)
      const [peer, announced] = [`${version}-peer`, `${version}-tracker`]
      const alone = await bench.run('download', `magnet:?${names}&x.pe=${address}`, '--path', bench.at(peer), ...quiet)
      expect([alone.code, alone.stderr]).toEqual([0, ''])
      await expectCopy(peer)
      const link = `magnet:?${names}&tr=${encodeURIComponent(url)}`
      const found = await bench.run('download', link, '--path', bench.at(announced), ...local)
      expect([found.code, found.stderr]).toEqual([0, ''])
      await expectCopy(announced)
    },
    patience,
  )
})

describe('cat of a magnet link', () => {
  test(
    'chooses the file when the metadata is here, and streams it',
    async () => {
      const link = `${magnet}&x.pe=${seedAddress}`
      const plain = ['--host', '127.0.0.1', '--port', '0', '--no-trackers']
      const { code, stdout, stderr } = await bench.run('cat', link, 'sub/small.bin', ...plain)
      expect([code, stderr]).toEqual([0, ''])
      expect(stdout.equals(sample.files.get('sub/small.bin') as Buffer)).toBe(true)
      const missing = await bench.run('cat', link, 'sub/none.bin', ...plain)
      expect([missing.code, missing.stderr]).toEqual([2, expect.stringMatching(/^error: FILE_NOT_FOUND: /) as unknown])
    },
    patience,
  )
})
