import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { SeededRandom } from '@torrential/primitives'
import { faultyFileSystem, type FileSystem, nodeFileSystem } from '@torrential/storage'
import { StateLock } from '../../src/state/state-lock.ts'
import { BenchFolder, collect } from '../bench-folder.ts'

/** The number of a process that has ended. */
async function endedProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  return child.pid as number
}

const lockOf = (folder: string, session: string, fileSystem: FileSystem = nodeFileSystem) =>
  new StateLock({ folder, session, fileSystem })

/** Fails one call, or all from it on. */
class Faults {
  calls = 0
  at = Number.POSITIVE_INFINITY
  readonly #code: string
  readonly #isLasting: boolean
  readonly fileSystem: FileSystem

  constructor(code: string, isLasting: boolean, inner: FileSystem = nodeFileSystem) {
    this.#code = code
    this.#isLasting = isLasting
    this.fileSystem = faultyFileSystem(inner, () => this.#next())
  }

  #next(): string | undefined {
    const call = ++this.calls
    return call === this.at || (this.#isLasting && call > this.at) ? this.#code : undefined
  }
}

/** FAT has no links. */
const withoutLinks: FileSystem = {
  ...nodeFileSystem,
  link: () => Promise.reject(Object.assign(new Error('no links'), { code: 'EPERM' })),
}

/** One call on the system at a time, of all that wait the one that chance picks. */
class Turns {
  readonly fileSystem: FileSystem
  readonly #waiting: (() => void)[] = []
  readonly #random: SeededRandom
  #underWay = 0

  constructor(inner: FileSystem, random: SeededRandom) {
    this.#random = random
    const take = async <Result>(call: () => Promise<Result>): Promise<Result> => {
      await this.next()
      this.#underWay++
      return call().finally(() => this.#underWay--)
    }
    this.fileSystem = {
      ...inner,
      open: async (path, access) => {
        const file = await take(() => inner.open(path, access))
        return {
          ...file,
          stat: () => take(() => file.stat()),
          read: (into, at, length, position) => take(() => file.read(into, at, length, position)),
          write: (blocks, position) => take(() => file.write(blocks, position)),
          close: () => file.close(),
        }
      },
      link: (from, to) => take(() => inner.link(from, to)),
      removeFile: (path) => take(() => inner.removeFile(path)),
    }
  }

  next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  async untilDone(work: readonly Promise<unknown>[]): Promise<void> {
    const done = new AbortController()
    const all = Promise.all(work).finally(() => done.abort())
    while (!done.signal.aborted) {
      await new Promise((resolve) => setImmediate(resolve))
      if (this.#underWay > 0) continue
      const [go] = this.#waiting.splice(Math.floor(this.#random.next() * this.#waiting.length), 1)
      go?.()
    }
    await all
  }
}

// The lock does the same about each of them: all six are tried on demand.
const isFull = process.env['ALL_FAULTS'] !== undefined
const codes = isFull ? ['ENOSPC', 'EIO', 'EACCES', 'EROFS', 'EMFILE', 'ENAMETOOLONG'] : ['EIO']
const faults = codes.flatMap((code) => [[code, false] as const, [code, true] as const])

describe('the lock of a state folder', () => {
  test('lets one session in, and the next when that is closed', async () => {
    await using bench = await BenchFolder.create()
    const state = bench.copy('state')
    const first = await bench.session({ state })
    await expect(bench.session({ state })).rejects.toMatchObject({
      code: 'STATE_LOCKED',
      data: { path: join(state, 'lock'), pid: process.pid },
    })
    await first.close()
    const second = await bench.session({ state })
    await second.close()
    expect(await readdir(state)).toEqual([])
  })

  test.each([
    ['a process that is gone', async () => ({ pid: await endedProcess() })],
    ['another boot', async () => ({ boot: 'before' })],
    ['a process whose number has another one by now', async () => ({ started: '1' })],
    ['nobody that one can tell', async () => ({ pid: 'x' })],
  ])('of %s is taken over', async (_, change) => {
    await using bench = await BenchFolder.create()
    const lock = lockOf(bench.path, 'one')
    await lock.take()
    const path = join(bench.path, 'lock')
    const left = JSON.parse(await readFile(path, 'utf8')) as object
    await writeFile(path, JSON.stringify({ ...left, ...(await change()) }))
    const taken = lockOf(bench.path, 'two')
    await taken.take()
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ pid: process.pid, session: 'two' })
    // Whose lock was taken does not remove the new one.
    await lock[Symbol.asyncDispose]()
    await expect(lockOf(bench.path, 'three').take()).rejects.toMatchObject({ code: 'STATE_LOCKED' })
    await taken[Symbol.asyncDispose]()
    expect((await readdir(bench.path)).filter((name) => name.startsWith('lock'))).toEqual([])
  })

  test('is let through by one of many that want it at once', async () => {
    await using bench = await BenchFolder.create()
    await writeFile(join(bench.path, 'lock'), JSON.stringify({ pid: await endedProcess(), boot: '', started: '' }))
    const all = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => lockOf(bench.path, `session ${index}`).take()),
    )
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  test.each([
    ['with links', nodeFileSystem],
    ['without links', withoutLinks],
  ])('is had by one at a time, whatever calls on the disk come in between, %s', async (_, inner) => {
    await using bench = await BenchFolder.create()
    const path = join(bench.path, 'lock')
    const dead = { pid: await endedProcess(), boot: '', started: '' }
    for (let seed = 0; seed < 150; seed++) {
      const turns = new Turns(inner, new SeededRandom(seed))
      await writeFile(path, JSON.stringify({ ...dead, seed }))
      const holders = new Set<number>()
      let had = 0
      const contend = async (one: number): Promise<void> => {
        const lock = lockOf(bench.path, `session ${one}`, turns.fileSystem)
        const error = await lock.take().then(
          () => undefined,
          (reason: unknown) => reason,
        )
        if (error !== undefined) return expect(error).toMatchObject({ code: 'STATE_LOCKED' })
        had++
        holders.add(one)
        for (let turn = 0; turn < 20; turn++) {
          await turns.next()
          expect({ seed, holders: [...holders] }).toEqual({ seed, holders: [one] })
        }
        holders.delete(one)
        await lock[Symbol.asyncDispose]()
      }
      await turns.untilDone([0, 1, 2].map(contend))
      expect({ seed, had: had > 0 }).toEqual({ seed, had: true })
      expect({ seed, left: (await readdir(bench.path)).filter((name) => name.startsWith('lock')) }).toEqual({
        seed,
        left: [],
      })
    }
  })

  test('that cannot be written lets a session work that writes nothing, until it can', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'tree/a.bin': 20_000 })
    const [seeder, seed] = await bench.seed('tree')
    const state = bench.copy('state')
    await writeFile(state, '')
    await expect(lockOf(state, 'one').take()).rejects.toMatchObject({
      code: 'STATE_WRITE',
      data: { path: join(state, 'lock') },
    })
    const session = await bench.session({ state })
    const warnings = collect(session.events({ types: ['warning'] }))
    const leech = await session.add(seed.torrentFile, { path: bench.copy(), peers: [bench.addressOf(seeder)] })
    await leech.done
    await bench.settleUntil(() => warnings.length > 0)
    expect(warnings[0]).toMatchObject({ error: { code: 'STATE_WRITE' } })
    await rm(state)
    await session.close()
    expect(await readdir(state)).toContain(`${leech.infoHash}.resume`)
    expect(await readdir(state)).not.toContain('lock')
  })

  test('that somebody else took meanwhile is not written beside', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'tree/a.bin': 20_000 })
    const [seeder, seed] = await bench.seed('tree')
    const state = bench.copy('state')
    await writeFile(state, '')
    const late = await bench.session({ state })
    await rm(state)
    const owner = await bench.session({ state })
    const warnings = collect(late.events({ types: ['warning'] }))
    const leech = await late.add(seed.torrentFile, { path: bench.copy(), peers: [bench.addressOf(seeder)] })
    await leech.done
    await late.close()
    expect(warnings[0]).toMatchObject({ error: { code: 'STATE_WRITE', cause: { code: 'STATE_LOCKED' } } })
    expect(await readdir(state)).toEqual(['lock'])
    await owner.close()
  })

  test('is as long as ours, or nobody’s', async () => {
    await using bench = await BenchFolder.create()
    await writeFile(join(bench.path, 'lock'), `{"pid":${process.pid}${' '.repeat(5_000)}}`)
    const lock = lockOf(bench.path, 'one')
    expect(await lock.take()).toBe(true)
    expect(await lock.take()).toBe(false)
    await lock[Symbol.asyncDispose]()
    await expect(lock.take()).rejects.toMatchObject({ code: 'STATE_WRITE' })
  })
})

describe('a fault at the n-th call, for every n', () => {
  const gone = JSON.stringify({ pid: process.pid, boot: 'before', started: '1', session: 'gone' })

  async function* everyCall(code: string, isLasting: boolean, inner?: FileSystem) {
    for (let n = 1, isOver = false; !isOver; n++) {
      await using bench = await BenchFolder.create()
      const fault = new Faults(code, isLasting, inner)
      fault.at = n
      yield { bench, folder: bench.path, path: join(bench.path, 'lock'), fault }
      isOver = fault.calls < n
    }
  }

  test.each(faults)(
    '%s, lasting %s: the lock is had now or when the fault is gone, by one',
    async (code, isLasting) => {
      const cases = [undefined, gone, ''].flatMap((left) =>
        [nodeFileSystem, withoutLinks].map((inner) => ({ left, inner })),
      )
      for (const { left, inner } of cases) {
        for await (const { folder, path, fault } of everyCall(code, isLasting, inner)) {
          if (left !== undefined) await writeFile(path, left)
          const lock = lockOf(folder, 'one', fault.fileSystem)
          const error = await lock.take().then(
            () => undefined,
            (reason: unknown) => reason,
          )
          if (error !== undefined) expect(error).toMatchObject({ code: 'STATE_WRITE' })
          fault.at = Number.POSITIVE_INFINITY
          await lock.take()
          await expect(lockOf(folder, 'two').take()).rejects.toMatchObject({ code: 'STATE_LOCKED' })
          await lock[Symbol.asyncDispose]()
          await expect(readFile(path)).rejects.toMatchObject({ code: 'ENOENT' })
        }
      }
    },
  )

  test.each(faults)('%s, lasting %s: nobody gets what somebody has', async (code, isLasting) => {
    for await (const { folder, path, fault } of everyCall(code, isLasting)) {
      const lock = lockOf(folder, 'one')
      await lock.take()
      const before = await readFile(path, 'utf8')
      const refused = await lockOf(folder, 'two', fault.fileSystem)
        .take()
        .catch((error: unknown) => error)
      expect(refused).toMatchObject({ code: expect.stringMatching(/^STATE_(LOCKED|WRITE)$/) })
      expect(await readFile(path, 'utf8')).toBe(before)
      await lock[Symbol.asyncDispose]()
    }
  })

  test.each(codes)('%s from then on: a process that ends in it leaves nothing that holds', async (code) => {
    for (const left of [undefined, gone, '']) {
      for await (const { folder, path, fault } of everyCall(code, true)) {
        if (left !== undefined) await writeFile(path, left)
        await lockOf(folder, 'one', fault.fileSystem)
          .take()
          .catch(() => {})
        for (const name of await readdir(folder)) {
          const text = await readFile(join(folder, name), 'utf8')
          await writeFile(join(folder, name), text.replace(/"boot":"[^"]+"/, '"boot":"before"'))
        }
        const next = lockOf(folder, 'two')
        expect(await next.take()).toBe(true)
        await expect(lockOf(folder, 'three').take()).rejects.toMatchObject({ code: 'STATE_LOCKED' })
        await next[Symbol.asyncDispose]()
        await expect(readFile(path)).rejects.toMatchObject({ code: 'ENOENT' })
      }
    }
  })

  test.each(faults)('%s, lasting %s: what was given up is free for the next', async (code, isLasting) => {
    for await (const { folder, path, fault } of everyCall(code, isLasting)) {
      fault.at += 1_000
      const lock = lockOf(folder, 'one', fault.fileSystem)
      await lock.take()
      fault.at += fault.calls - 1_000
      await lock[Symbol.asyncDispose]()
      fault.at = Number.POSITIVE_INFINITY
      const next = lockOf(folder, 'one')
      await next.take()
      await expect(lockOf(folder, 'two').take()).rejects.toMatchObject({ code: 'STATE_LOCKED' })
      await next[Symbol.asyncDispose]()
      await expect(readFile(path)).rejects.toMatchObject({ code: 'ENOENT' })
    }
  })
})
