import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { appendFile, cp, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { compareFolders } from '../src/demo/compare-folders.ts'
import { sampleFiles, SMALLEST_SAMPLE, writeSample } from '../src/demo/sample-data.ts'
import { Bench } from './cli-process.ts'

const patience = 60_000
let bench: Bench

beforeAll(async () => {
  bench = await Bench.open()
})

afterAll(() => bench[Symbol.asyncDispose]())

describe('sample data', () => {
  test.each([SMALLEST_SAMPLE, 5_000_001, 256 * 1024 * 1024])('%d bytes are exactly that many', (size) => {
    const files = sampleFiles(size)
    expect(files.reduce((sum, { length }) => sum + length, 0)).toBe(size)
    expect(files.every(({ length }) => length >= 0)).toBe(true)
    expect(new Set(files.map(({ path }) => path)).size).toBe(files.length)
    expect(files.some(({ length }) => length === 0)).toBe(true)
  })

  test('every run writes the same bytes', async () => {
    const files = [
      { path: 'a/one.bin', length: 100_000 },
      { path: 'two.bin', length: 100_000 },
      { path: 'empty', length: 0 },
    ]
    await writeSample(bench.at('x'), files)
    await writeSample(bench.at('y'), files)
    expect(await compareFolders(bench.at('x'), bench.at('y'))).toEqual({ bytes: 200_000, differences: [] })
    await cp(bench.at('x', 'two.bin'), bench.at('y', 'a', 'one.bin'))
    expect((await compareFolders(bench.at('x'), bench.at('y'))).differences).toHaveLength(1)
  })
})

describe('compareFolders', () => {
  test('sees a changed byte, a missing file, a longer file and one too many', async () => {
    const [original, copy] = [bench.at('original'), bench.at('copy')]
    const files = ['same', 'changed', 'missing', 'longer'].map((path) => ({ path, length: 3_000_000 }))
    await writeSample(original, files)
    await cp(original, copy, { recursive: true })
    await rm(bench.at('copy', 'missing'))
    await appendFile(bench.at('copy', 'longer'), 'x')
    await mkdir(bench.at('copy', 'sub'))
    await writeFile(bench.at('copy', 'sub', 'extra'), '')
    await flipByte(bench.at('copy', 'changed'), 2_500_000)
    const { differences } = await compareFolders(original, copy)
    expect(differences.toSorted()).toEqual([
      'changed differs somewhere in bytes 2097152 to 3000000',
      'longer has 3000001 bytes instead of 3000000',
      'missing is missing',
      expect.stringMatching(/^sub.extra is not in the original$/),
    ])
  })
})

describe('demo', () => {
  test(
    'runs a swarm of four processes, compares every byte and cleans up',
    async () => {
      const { code, lines, stderr } = await bench.run('demo', '--size', '4M', '--json')
      expect([code, stderr]).toEqual([0, ''])
      const result = lines.at(-1)
      expect(result).toMatchObject({
        type: 'demo',
        identical: true,
        length: SMALLEST_SAMPLE,
        compared: 2 * SMALLEST_SAMPLE,
      })
      const leeches = result?.leeches as { name: string; downloaded: number }[]
      expect(leeches.map(({ name }) => name)).toEqual(['leech 1', 'leech 2'])
      // The padding of a hybrid torrent is downloaded as well.
      for (const { downloaded } of leeches) expect(downloaded).toBeGreaterThanOrEqual(SMALLEST_SAMPLE)
      expect((await readdir(bench.folder)).filter((name) => name.startsWith('torrential-demo-'))).toEqual([])
    },
    patience,
  )

  test(
    'is readable without a terminal, and keeps its folder when asked to',
    async () => {
      const { code, stdout } = await bench.run('demo', '--size', '4M', '--keep')
      expect(code).toBe(0)
      const text = stdout.toString()
      expect(text).not.toContain('\u001b')
      expect(text).toMatch(/^result {4}8\.00 MiB compared with the original: identical; everything took [\d.]+ s$/m)
      const folder = /everything is in (\S+)/.exec(text)?.[1] ?? ''
      expect((await stat(folder)).isDirectory()).toBe(true)
    },
    patience,
  )

  test(
    'leaves nothing behind when it is interrupted',
    async () => {
      const before = (await readdir(bench.folder)).filter((name) => name.startsWith('torrential-demo-'))
      const demo = bench.start('demo', '--size', '64M', '--json')
      await demo.line({ type: 'progress' })
      demo.child.kill('SIGINT')
      const { code, lines, stderr } = await demo.ended
      expect([code, stderr]).toEqual([130, ''])
      expect(lines.map(({ type }) => type)).not.toContain('demo')
      const after = (await readdir(bench.folder)).filter((name) => name.startsWith('torrential-demo-'))
      expect(after).toEqual(before)
    },
    patience,
  )

  test(
    'a size that is too small is bad input',
    async () => {
      const { code, stderr } = await bench.run('demo', '--size', '1M')
      expect([code, stderr]).toEqual([2, 'error: OPTION_VALUE: --size is at least 4M\n'])
    },
    patience,
  )
})

async function flipByte(path: string, at: number): Promise<void> {
  const { open } = await import('node:fs/promises')
  await using file = await open(path, 'r+')
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at)
  await file.write(Buffer.from([(buffer[0] ?? 0) ^ 1]), 0, 1, at)
}
