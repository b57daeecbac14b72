import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { readFile } from 'node:fs/promises'
import { runCli } from '@torrential/cli'
import { Bench } from './cli-process.ts'
import { fakeContext } from './fake-context.ts'
import { makeSample, type Sample } from './sample.ts'

let bench: Bench
let sample: Sample

beforeAll(async () => {
  bench = await Bench.open()
  sample = await makeSample(bench, {
    args: [
      '--tracker',
      'udp://127.0.0.1:1/a',
      '--tracker',
      'http://127.0.0.1:2/b',
      '--web-seed',
      'http://127.0.0.1:3/',
      '--comment',
      'hej',
    ],
  })
}, 30_000)

afterAll(() => bench[Symbol.asyncDispose]())

describe('info --json', () => {
  test('prints exactly the keys of the contract, in their order', async () => {
    const { code, stdout, stderr } = await bench.run('info', '--json', sample.torrent)
    expect([code, stderr]).toEqual([0, ''])
    const summary = JSON.parse(stdout.toString()) as Record<string, unknown>
    expect(Object.keys(summary).join(' ')).toBe(
      'source name infoHashV1 infoHashV2 version length pieceLength pieceCount private trackers webSeeds files comment createdBy creationDate',
    )
    expect(summary).toEqual({
      source: sample.torrent,
      name: 'Pack',
      infoHashV1: sample.infoHash,
      infoHashV2: null,
      version: 'v1',
      length: 230_777,
      pieceLength: 16_384,
      pieceCount: 15,
      private: false,
      trackers: [['udp://127.0.0.1:1/a'], ['http://127.0.0.1:2/b']],
      webSeeds: ['http://127.0.0.1:3/'],
      files: [...sample.files].map(([path, { length }]) => ({ path: `Pack/${path}`, length })),
      comment: 'hej',
      createdBy: 'Torrential',
      creationDate: expect.any(Number) as unknown,
    })
    expect(Number.isInteger(summary.creationDate)).toBe(true)
  }, 30_000)

  test.each([
    ['hybrid', true, true],
    ['v2', false, true],
  ] as const)(
    'of a %s torrent has its names, in text too',
    async (version, v1, v2) => {
      const file = bench.at(`${version}.torrent`)
      const created = await bench.run('create', sample.data, '-o', file, `--${version}`, '--json')
      const { infoHashV1, infoHashV2 } = created.lines.at(-1) as Record<string, string | null>
      expect([infoHashV1?.length, infoHashV2?.length]).toEqual([v1 ? 40 : undefined, v2 ? 64 : undefined])
      const { lines } = await bench.run('info', '--json', file)
      expect(lines).toMatchObject([{ version, infoHashV1, infoHashV2, length: 230_777 }])
      const { stdout } = await bench.run('info', file)
      for (const hash of [infoHashV1, infoHashV2]) if (hash) expect(stdout.toString()).toContain(hash)
    },
    30_000,
  )

  test('tries every source and exits with 2 when any failed', async () => {
    const { code, lines, stderr } = await bench.run('info', '--json', 'missing.torrent', sample.torrent, sample.data)
    expect(code).toBe(2)
    expect(lines).toHaveLength(3)
    expect(lines[0]).toEqual({
      source: 'missing.torrent',
      error: { code: 'SOURCE_NOT_FOUND', message: expect.any(String) as unknown },
    })
    expect(lines[1]).toMatchObject({ name: 'Pack' })
    expect(lines[2]).toMatchObject({
      source: sample.data,
      error: { code: expect.stringMatching(/^[A-Z_]+$/) as unknown },
    })
    expect(stderr).toMatch(/^error: SOURCE_NOT_FOUND: missing\.torrent: .+\nerror: [A-Z_]+: .+\n$/)
  }, 30_000)

  test('says of a magnet link what the link says, and null for the rest', async () => {
    const v2 = `1220${'ab'.repeat(32)}`
    const link = `magnet:?xt=urn:btih:${'AB'.repeat(20)}&xt=urn:btmh:${v2}&dn=Some+name&tr=udp%3A%2F%2Ft.example%3A1&xl=5`
    const { stdout } = await bench.run('info', '--json', link)
    expect(JSON.parse(stdout.toString())).toEqual({
      source: link,
      name: expect.any(String) as unknown,
      infoHashV1: 'ab'.repeat(20),
      infoHashV2: 'ab'.repeat(32),
      version: 'hybrid',
      length: 5,
      pieceLength: null,
      pieceCount: null,
      private: null,
      trackers: [['udp://t.example:1']],
      webSeeds: [],
      files: null,
      comment: null,
      createdBy: null,
      creationDate: null,
    })
  }, 30_000)

  test('reads a .torrent from stdin', async () => {
    const context = fakeContext({ stdin: [await readFile(sample.torrent)] })
    expect(await runCli(['info', '--json', '-'], context)).toBe(0)
    expect(JSON.parse(context.stdout.text)).toMatchObject({ source: '-', infoHashV1: sample.infoHash })
  })

  test('refuses endless input on stdin', async () => {
    const context = fakeContext({ stdin: Array.from({ length: 11 }, () => Buffer.alloc(1_000_000)) })
    expect(await runCli(['info', '-'], context)).toBe(2)
    expect(context.stderr.text).toContain('SOURCE_TOO_LARGE')
  })
})

test('info for people shows facts and files, and no control characters of theirs', async () => {
  const context = fakeContext()
  expect(
    await runCli(['info', sample.torrent, 'magnet:?xt=urn:btih:' + 'ab'.repeat(20) + '&dn=a%1B%5B2Jb'], context),
  ).toBe(0)
  expect(context.stdout.text).toContain(`infohash v1  ${sample.infoHash}`)
  expect(context.stdout.text).toContain('195 KiB  Pack/large.bin')
  expect(context.stdout.text).not.toContain('\u001b')
})
