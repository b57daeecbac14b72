// What the threads do, with each of their calls on the system failing: nothing is claimed that is not so, and nothing stays open.

import fs from 'node:fs'
import { access, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { perform } from '../src/disk-calls.js'
import { hashBatch } from '../src/hash-files.js'
import { temporaryDirectory } from './temporary-directory.ts'

const codes = ['ENOSPC', 'EIO', 'EACCES', 'EROFS', 'EMFILE', 'ENAMETOOLONG'].flatMap((code) => [
  [code, false] as const,
  [code, true] as const,
])

/** Calls of node:fs, of which the n-th fails, or all from it on. A `close` that fails has closed. */
class FaultyCalls {
  count = 0
  open = 0
  readonly calls: Record<string, unknown>

  constructor(at: number, code: string, isLasting: boolean) {
    const fail = (name: string) => {
      this.count++
      if (isLasting ? this.count < at : this.count !== at) return
      throw Object.assign(new Error(`${name} was made to fail`), { code })
    }
    const passing =
      <Args extends unknown[], Result>(call: (...args: Args) => Result) =>
      (...args: Args): Result => {
        fail(call.name)
        return call(...args)
      }
    const { lstatSync, statSync, fstatSync, fdatasyncSync, readSync, writeSync, mkdirSync } = fs
    const realpathSync = fs.realpathSync.native
    const plain = { lstatSync, statSync, fstatSync, fdatasyncSync, readSync, writeSync, mkdirSync, realpathSync }
    this.calls = {
      ...Object.fromEntries(Object.entries(plain).map(([name, call]) => [name, passing(call as never)])),
      openSync: (...args: Parameters<typeof fs.openSync>) => {
        fail('openSync')
        const file = fs.openSync(...args)
        this.open++
        return file
      },
      closeSync: (file: number) => {
        this.open--
        fs.closeSync(file)
        fail('closeSync')
      },
    }
  }
}

/** Runs `work` with a fault at each of its calls, and once without. */
async function atEachCall(code: string, isLasting: boolean, work: (calls: object) => Promise<void>): Promise<void> {
  for (let n = 1, isOver = false; !isOver; n++) {
    const faulty = new FaultyCalls(n, code, isLasting)
    await work(faulty.calls)
    expect(faulty.open).toBe(0)
    isOver = faulty.count < n
    expect(n).toBeLessThan(100)
  }
}

describe.each(codes)('%s at the n-th call, lasting %s, for every n', (code, isLasting) => {
  test('of files that are written to or made: those that are done have their bytes', async () => {
    const root = await temporaryDirectory()
    await atEachCall(code, isLasting, async (calls) => {
      await rm(root, { recursive: true })
      await mkdir(root)
      await writeFile(join(root, 'there'), 'here')
      await writeFile(join(root, 'long'), 'too long')
      const paths = ['a', 'there', 'long', 'new/deep/b', 'new/empty', 'c'].map((name) => join(root, name))
      const bytes = Buffer.from('aaXYbccc')
      const places = { lengths: [2, 1, 1, 1, 0, 3], positions: [0, 1, 0, 0, 0, 1], limits: [9, 4, 7, 9, 9, 9] }
      const batch = { kind: 'write', root, paths, known: [0, 1, 0, 0, 0, 0], bytes, ...places }
      const reply = perform(batch, calls)
      expect(reply.bytes).toBe(bytes)
      const expected = ['aa', 'hXre', undefined, 'b', '', '\0ccc']
      for (const [index, done] of [...(reply.done as Uint8Array)].entries()) {
        if (done === 1) expect(await readFile(paths[index] as string, 'latin1')).toBe(expected[index])
      }
      expect(['here', 'hXre']).toContain(await readFile(join(root, 'there'), 'latin1'))
      expect(await readFile(join(root, 'long'), 'latin1')).toBe('too long')
    })
  })

  test('of files that are made durable: those that are done are synced', async () => {
    const root = await temporaryDirectory()
    const paths = ['a', 'b'].map((name) => join(root, name))
    for (const each of paths) await writeFile(each, 'x')
    await atEachCall(code, isLasting, async (calls) => {
      let synced = 0
      const counted = {
        ...calls,
        fdatasyncSync: (file: number) => {
          ;(calls as typeof fs).fdatasyncSync(file)
          synced++
        },
      }
      const [first, , second] = perform({ kind: 'sync', root, paths }, counted).found as Float64Array
      expect([first, second].filter((size) => size === 1).length).toBeLessThanOrEqual(synced)
      expect([first, second].every((size) => size === 1 || Number.isNaN(size))).toBe(true)
    })
  })

  test('of files that are looked at: what is there is never missing', async () => {
    const path = await temporaryDirectory()
    await writeFile(join(path, 'a'), 'four')
    await writeFile(join(path, 'b'), '')
    const paths = ['a', 'none', 'gone/c', 'gone/d', 'b', 'a/under'].map((name) => join(path, name))
    const time = (await stat(join(path, 'a'))).mtimeMs
    await atEachCall(code, isLasting, async (calls) => {
      const found = perform({ kind: 'look', paths }, calls).found as Float64Array
      const sizes = paths.map((_, index) => found[2 * index] as number)
      const seen = sizes.findIndex((size) => Number.isNaN(size))
      const expected = [4, -1, -1, -1, 0, -1]
      expect(sizes).toEqual(expected.map((size, index) => (seen >= 0 && index >= seen ? Number.NaN : size)))
      if (seen !== 0) expect(found[1]).toBe(time)
    })
  })

  test('of files that are read: what is given is what is there', async () => {
    const path = await temporaryDirectory()
    await writeFile(join(path, 'a'), 'four')
    await writeFile(join(path, 'b'), 'seven s')
    const paths = ['a', 'none', 'b'].map((name) => join(path, name))
    await atEachCall(code, isLasting, async (calls) => {
      const reply = perform({ kind: 'read', paths, most: 100 }, calls)
      let at = 0
      for (const [index, length] of [...(reply.lengths as Int32Array)].entries()) {
        if (length < 0) continue
        const text = Buffer.from(reply.bytes as Uint8Array).toString('latin1', at, (at += length))
        expect(text).toBe(['four', undefined, 'seven s'][index])
      }
    })
  })

  test('of pieces that are hashed: the digests, or the code and the path', async () => {
    const path = await temporaryDirectory()
    await writeFile(join(path, 'a'), 'four')
    await writeFile(join(path, 'b'), 'seven s')
    const batch = {
      id: 7,
      kind: 'sha1',
      cancel: new Int32Array(1),
      paths: ['a', 'none', 'b'].map((name) => join(path, name)),
      // The whole of a with the beginning of b, one that is not there, one that is cut.
      runs: Float64Array.from([0, 0, 4, 2, 0, 3, 1, 0, 5, 2, 3, 5]),
      counts: Uint32Array.from([2, 1, 1]),
      leaves: new Uint32Array(3),
    }
    const right = hashBatch(batch, fs)
    expect([...right.found]).toEqual([1, 0, 0])
    await atEachCall(code, isLasting, async (calls) => {
      const reply = hashBatch(batch, calls)
      if (reply.failure === undefined) expect(reply).toEqual(right)
      else {
        expect(reply).toMatchObject({ id: 7, failure: { code } })
        expect(batch.paths).toContain(reply.failure.path)
      }
    })
    await access(join(path, 'a'))
  })
})
