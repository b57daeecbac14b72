import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { Bench, type CliProcess } from './cli-process.ts'
import { makeSample, type Sample } from './sample.ts'

const local = ['--host', '127.0.0.1', '--port', '0', '--no-trackers', '--json']
const patience = 60_000

let bench: Bench
let sample: Sample
let seed: CliProcess
let peer: readonly string[]

beforeAll(async () => {
  bench = await Bench.open()
  sample = await makeSample(bench)
  seed = bench.start('seed', sample.torrent, '--path', sample.seeded, ...local)
  const { port } = await seed.line({ type: 'ready' })
  peer = ['--peer', `127.0.0.1:${String(port)}`]
}, patience)

afterAll(() => bench[Symbol.asyncDispose]())

async function expectCopy(folder: string): Promise<void> {
  for (const [path, bytes] of sample.files) expect(await readFile(bench.at(folder, 'Pack', path))).toEqual(bytes)
}

describe('seed', () => {
  test('its ready line carries port and infohash', async () => {
    const ready = await seed.line({ type: 'ready' })
    expect(ready).toMatchObject({ infoHashV1: sample.infoHash, torrent: sample.infoHash, have: 15, of: 15 })
    expect(ready.port).toBeGreaterThan(0)
  })

  test(
    'incomplete data is an error, and nothing is created or downloaded',
    async () => {
      const { code, stderr, lines } = await bench.run(
        'seed',
        sample.torrent,
        '--path',
        bench.at('nowhere'),
        ...local,
        ...peer,
      )
      expect(code).toBe(1)
      expect(stderr).toMatch(/^error: INCOMPLETE: [^\n]+\n$/)
      expect(lines.at(-1)).toMatchObject({ type: 'error', code: 'INCOMPLETE' })
      expect(await readdir(bench.folder)).not.toContain('nowhere')
    },
    patience,
  )

  test(
    'shares a folder without a .torrent, and writes one when asked to',
    async () => {
      const sharing = bench.start('seed', sample.data, '--output', bench.at('made.torrent'), ...local)
      const ready = await sharing.line({ type: 'ready' })
      const leech = [
        'download',
        bench.at('made.torrent'),
        '--path',
        bench.at('shared'),
        '--peer',
        `127.0.0.1:${String(ready.port)}`,
      ]
      expect((await bench.run(...leech, ...local)).code).toBe(0)
      await expectCopy('shared')
      sharing.child.kill('SIGINT')
      expect((await sharing.ended).code).toBe(130)
    },
    patience,
  )

  test(
    'a path that does not exist is bad input',
    async () => {
      const { code, stderr } = await bench.run('seed', bench.at('missing'), ...local)
      expect([code, stderr]).toEqual([2, expect.stringMatching(/^error: SOURCE_NOT_FOUND: /) as unknown])
    },
    patience,
  )
})

describe('download', () => {
  test(
    'downloads everything and tells it in lines that scripts can rely on',
    async () => {
      const { code, lines, stderr } = await bench.run(
        'download',
        sample.torrent,
        '--path',
        bench.at('all'),
        ...local,
        ...peer,
      )
      expect([code, stderr]).toEqual([0, ''])
      await expectCopy('all')
      expect(lines.find(({ type }) => type === 'ready')).toMatchObject({ torrent: sample.infoHash, have: 0, of: 15 })
      expect(lines.filter(({ type }) => type === 'piece')).toHaveLength(15)
      const complete = lines.filter(({ type }) => type === 'file-complete').map(({ path }) => path)
      expect(complete).toEqual(expect.arrayContaining(['Pack/large.bin', 'Pack/sub/grüße.txt', 'Pack/sub/small.bin']))
      const progress = lines.filter(({ type }) => type === 'progress').at(-1)
      expect(progress).toMatchObject({ downloaded: 230_777, have: 15, of: 15, bytesLeft: 0 })
      for (const field of ['uploaded', 'downRate', 'upRate', 'peers'])
        expect(progress?.[field]).toEqual(expect.any(Number))
      expect(lines.at(-1)).toMatchObject({ type: 'done', downloaded: 230_777 })
      expect(lines.at(-1)?.seconds).toBeGreaterThan(0)
    },
    patience,
  )

  test(
    'verifies what exists and downloads only the rest',
    async () => {
      await cp(sample.seeded, bench.at('half'), { recursive: true })
      const large = bench.at('half', 'Pack', 'large.bin')
      const bytes = await readFile(large)
      await writeFile(large, bytes.fill(0, 0, 50_000))
      const { code, lines } = await bench.run('download', sample.torrent, '--path', bench.at('half'), ...local, ...peer)
      expect(code).toBe(0)
      expect(lines.find(({ type }) => type === 'ready')).toMatchObject({ have: 11, of: 15 })
      expect(lines.at(-1)).toMatchObject({ type: 'done', downloaded: 4 * 16_384 })
      await expectCopy('half')
    },
    patience,
  )

  test(
    'a complete download ends at once, without any peer',
    async () => {
      const { code, lines } = await bench.run('download', sample.torrent, '--path', sample.seeded, ...local)
      expect(code).toBe(0)
      expect(lines.at(-1)).toMatchObject({ type: 'done', downloaded: 0 })
    },
    patience,
  )

  test(
    '--select downloads just the files that match',
    async () => {
      const select = ['--select', 'small.bin', '--select', '*.txt']
      const { code } = await bench.run(
        'download',
        sample.torrent,
        '--path',
        bench.at('some'),
        ...select,
        ...local,
        ...peer,
      )
      expect(code).toBe(0)
      expect(await readFile(bench.at('some', 'Pack', 'sub', 'small.bin'))).toEqual(sample.files.get('sub/small.bin'))
      expect(await readdir(bench.at('some', 'Pack'))).not.toContain('large.bin')
    },
    patience,
  )

  test(
    '--select that matches nothing is bad input',
    async () => {
      const { code, stderr } = await bench.run(
        'download',
        sample.torrent,
        '--path',
        bench.at('none'),
        '--select',
        '*.iso',
        ...local,
      )
      expect([code, stderr]).toEqual([2, expect.stringMatching(/^error: SELECT_NOTHING: /) as unknown])
      expect(await readdir(bench.folder)).not.toContain('none')
    },
    patience,
  )

  test(
    'one bad source does not stop the others, and the exit code remembers it',
    async () => {
      const sources = ['missing.torrent', sample.torrent, `magnet:?xt=urn:btih:${'ab'.repeat(19)}`]
      const { code, lines, stderr } = await bench.run(
        'download',
        ...sources,
        '--path',
        bench.at('mixed'),
        ...local,
        ...peer,
      )
      expect(code).toBe(2)
      await expectCopy('mixed')
      expect(lines.filter(({ type }) => type === 'error')).toEqual([
        { type: 'error', source: 'missing.torrent', code: 'SOURCE_NOT_FOUND', message: expect.any(String) as unknown },
        expect.objectContaining({ type: 'error', code: 'MAGNET_INFOHASH' }) as unknown,
      ])
      expect(stderr.trim().split('\n')).toHaveLength(2)
    },
    patience,
  )

  test(
    '--seed goes on after done, until a signal',
    async () => {
      const first = bench.start('download', sample.torrent, '--path', bench.at('first'), '--seed', ...local, ...peer)
      await first.line({ type: 'done' })
      const { port } = await first.line({ type: 'ready' })
      const second = ['download', sample.torrent, '--path', bench.at('second'), '--peer', `127.0.0.1:${String(port)}`]
      expect((await bench.run(...second, ...local)).code).toBe(0)
      await expectCopy('second')
      first.child.kill('SIGTERM')
      const { code, stderr } = await first.ended
      expect([code, stderr]).toEqual([143, ''])
    },
    patience,
  )

  test(
    'a disk that fails is code 1 with the path in the message',
    async () => {
      await mkdir(bench.at('blocked'))
      await writeFile(bench.at('blocked', 'Pack'), 'a file where the folder should be')
      const { code, stderr, lines } = await bench.run(
        'download',
        sample.torrent,
        '--path',
        bench.at('blocked'),
        ...local,
        ...peer,
      )
      expect(code).toBe(1)
      expect(stderr).toMatch(/^error: [A-Z_]+: Pack: [^\n]*blocked[^\n]*\n$/)
      expect(lines.filter(({ type }) => type === 'error')).toEqual([
        expect.objectContaining({ torrent: sample.infoHash }) as unknown,
      ])
    },
    patience,
  )

  test(
    'a state folder that cannot be written is a warning, not a failure',
    async () => {
      await writeFile(bench.at('occupied'), 'a file')
      const state = ['--state', bench.at('occupied', 'below')]
      const { code, lines, stderr } = await bench.run(
        'download',
        sample.torrent,
        '--path',
        sample.seeded,
        ...state,
        ...local,
      )
      expect([code, stderr]).toEqual([0, ''])
      expect(lines.find(({ type }) => type === 'warning')).toMatchObject({
        code: 'STATE_WRITE',
        torrent: sample.infoHash,
      })
    },
    patience,
  )

  test(
    'plain output is readable lines without escape sequences',
    async () => {
      const options = ['--host', '127.0.0.1', '--port', '0', '--no-trackers']
      const { code, stdout } = await bench.run(
        'download',
        sample.torrent,
        '--path',
        bench.at('plain'),
        ...options,
        ...peer,
      )
      expect(code).toBe(0)
      const text = stdout.toString()
      expect(text).not.toContain('\u001b')
      expect(text).toMatch(/^ready {5}Pack: 0 of 15 pieces are here, port \d+$/m)
      expect(text).toMatch(/^done {6}in [\d.]+ s: 225 KiB downloaded/m)
    },
    patience,
  )
})
