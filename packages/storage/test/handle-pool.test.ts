import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { VirtualClock } from '@torrential/primitives'
import type { HandleOwner, HandleRequest } from '@torrential/storage'
import { HandlePool } from '@torrential/storage'
import { describe, expect, test } from '@jest/globals'
import { MeddlingFileSystem } from './meddling-file-system.ts'
import { temporaryDirectory } from './temporary-directory.ts'
import { failureOf, torrentOnDisk, wrongPieces, writeAll } from './torrent-data.ts'

interface Fixture {
  readonly pool: HandlePool
  readonly fileSystem: MeddlingFileSystem
  readonly clock: VirtualClock
  readonly events: string[]
  request(file: number, access?: HandleRequest['access'], owner?: HandleOwner): HandleRequest
}

async function fixture(handles: number, files = 5): Promise<Fixture> {
  const path = await temporaryDirectory()
  for (let file = 0; file < files; file++) await writeFile(join(path, `${file}`), `file ${file}`)
  const fileSystem = new MeddlingFileSystem()
  const clock = new VirtualClock()
  const events: string[] = []
  const mine: HandleOwner = {
    handleOpened: (file, mode) => void events.push(`+${file} ${mode}`),
    handleClosed: (file) => void events.push(`-${file}`),
  }
  const request = (file: number, access: HandleRequest['access'] = 'read', owner: HandleOwner = mine) => ({
    owner,
    file,
    path: join(path, `${file}`),
    access,
  })
  return { pool: new HandlePool({ handles, fileSystem, clock }), fileSystem, clock, events, request }
}

async function use(bench: Fixture, file: number, access?: HandleRequest['access']): Promise<void> {
  bench.pool.release(await bench.pool.acquire(bench.request(file, access)))
}

/** Lets whatever the pool has begun come to its end: until nothing is asked of the disk four times in a row. */
async function settle(): Promise<void> {
  for (let idle = 0; idle < 4; ) {
    await new Promise((resolve) => setImmediate(resolve))
    idle = process.getActiveResourcesInfo().some((type) => /^(FSReq|CloseReq)/.test(type)) ? 0 : idle + 1
  }
}

describe('HandlePool', () => {
  test('serves 10,000 files with 100 handles', async () => {
    const path = await temporaryDirectory()
    const fileSystem = new MeddlingFileSystem()
    const handles = new HandlePool({ handles: 100, fileSystem })
    const files = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`d${i % 50}/f${i}`, 100 + (i % 7)]))
    const { storage, geometry } = torrentOnDisk(path, files, { handles })
    await writeAll(storage, geometry)
    expect(await wrongPieces(storage, geometry)).toEqual([])
    expect(fileSystem.mostOpen).toBeLessThanOrEqual(100)
    expect(handles.open).toBeLessThanOrEqual(100)
    await storage.close()
    expect(fileSystem.openNow).toBe(0)
  }, 60_000)

  test('opens a file once for many users', async () => {
    const bench = await fixture(5)
    const opened = await Promise.all([1, 2, 3].map(() => bench.pool.acquire(bench.request(0))))
    expect(new Set(opened).size).toBe(1)
    expect(bench.events).toEqual(['+0 read'])
    for (const handle of opened) bench.pool.release(handle)
    await bench.pool.close()
  })

  test('closes the handle that was not used for longest when a new one is needed', async () => {
    const bench = await fixture(2)
    await use(bench, 0)
    await use(bench, 1)
    await use(bench, 0)
    await use(bench, 2)
    expect(bench.events).toEqual(['+0 read', '+1 read', '-1', '+2 read'])
    await bench.pool.close()
  })

  test('never closes a handle in use: who needs another waits', async () => {
    const bench = await fixture(2)
    const a = await bench.pool.acquire(bench.request(0))
    const b = await bench.pool.acquire(bench.request(1))
    let third: unknown
    const waiting = bench.pool.acquire(bench.request(2)).then((handle) => (third = handle))
    await settle()
    expect(third).toBeUndefined()
    bench.pool.release(b)
    await waiting
    expect(bench.events).toEqual(['+0 read', '+1 read', '-1', '+2 read'])
    const text = new Uint8Array(6)
    await a.file.read(text, 0, 6, 0)
    expect(Buffer.from(text).toString()).toBe('file 0')
    bench.pool.release(a)
    bench.pool.release(third as typeof a)
    await bench.pool.close()
    expect(bench.fileSystem.openNow).toBe(0)
  })

  test('opens read-only until somebody writes, and readers keep their handle meanwhile', async () => {
    const bench = await fixture(5)
    const reader = await bench.pool.acquire(bench.request(0))
    const writer = await bench.pool.acquire(bench.request(0, 'write'))
    expect(writer).not.toBe(reader)
    await expect(reader.file.read(new Uint8Array(1), 0, 1, 0)).resolves.toBe(1)
    await writer.file.write([Uint8Array.of(1)], 0)
    bench.pool.release(reader)
    bench.pool.release(writer)
    await settle()
    expect(bench.events).toEqual(['+0 read', '+0 write', '-0'])
    await use(bench, 0)
    expect(bench.events).toHaveLength(3)
    await bench.pool.close()
  })

  test('evicts the handles of one owner, when those in use have come back', async () => {
    const bench = await fixture(5)
    const other: HandleOwner = {}
    bench.pool.release(await bench.pool.acquire(bench.request(4, 'read', other)))
    await use(bench, 0)
    const held = await bench.pool.acquire(bench.request(1))
    let evicted = false
    const evicting = bench.pool.evict(bench.request(0).owner).then(() => (evicted = true))
    await settle()
    expect(evicted).toBe(false)
    expect(bench.pool.open).toBe(2)
    bench.pool.release(held)
    await evicting
    expect(bench.pool.open).toBe(1)
    await bench.pool.close()
  })

  test('evicts one file only when asked for one', async () => {
    const bench = await fixture(5)
    await use(bench, 0)
    await use(bench, 1)
    await bench.pool.evict(bench.request(0).owner, 1)
    expect(bench.events).toEqual(['+0 read', '+1 read', '-1'])
    await bench.pool.close()
  })

  test('gives handles back and tries again when the system is out of them', async () => {
    const bench = await fixture(100, 10)
    bench.fileSystem.fail = (call) => (call === 'open' && bench.fileSystem.openNow >= 3 ? 'EMFILE' : undefined)
    for (let round = 0; round < 3; round++) for (let file = 0; file < 10; file++) await use(bench, file)
    const held = await Promise.all([0, 1, 2].map((file) => bench.pool.acquire(bench.request(file))))
    const waiting = bench.pool.acquire(bench.request(7))
    await settle()
    for (const handle of held) bench.pool.release(handle)
    bench.pool.release(await waiting)
    expect(bench.fileSystem.mostOpen).toBe(3)
    await bench.pool.close()
  })

  test('rejects with EMFILE when it has no handle to give back', async () => {
    const bench = await fixture(100)
    bench.fileSystem.fail = (call) => (call === 'open' ? 'EMFILE' : undefined)
    expect(await failureOf(bench.pool.acquire(bench.request(0)))).toMatchObject({
      code: 'EMFILE',
      data: { path: bench.request(0).path },
    })
    expect(bench.pool.open).toBe(0)
  })

  test('a failed open takes no handle away and does not stick', async () => {
    const bench = await fixture(1)
    for (let i = 0; i < 5; i++) {
      expect((await failureOf(bench.pool.acquire({ ...bench.request(0), path: '/nowhere/at all' })))?.code).toBe(
        'FILE_MISSING',
      )
    }
    await use(bench, 0)
    expect(bench.pool.open).toBe(1)
    await bench.pool.close()
  })

  test('notices within a second that an open file was deleted, and opens the one that has its name', async () => {
    const bench = await fixture(5)
    await use(bench, 0)
    const { path } = bench.request(0)
    await writeFile(`${path}.new`, 'other file')
    await rename(`${path}.new`, path)
    bench.clock.advance(1_001)
    const handle = await bench.pool.acquire(bench.request(0))
    const text = new Uint8Array(5)
    await handle.file.read(text, 0, 5, 0)
    expect(Buffer.from(text).toString()).toBe('other')
    bench.pool.release(handle)
    await rm(path)
    bench.clock.advance(1_001)
    expect((await failureOf(bench.pool.acquire(bench.request(0))))?.code).toBe('FILE_MISSING')
    await bench.pool.close()
  })

  test('a directory is not a file', async () => {
    const bench = await fixture(5)
    const { path } = bench.request(0)
    await rm(path)
    await mkdir(path)
    expect((await failureOf(bench.pool.acquire(bench.request(0))))?.code).toBe('FILE_KIND')
    expect((await failureOf(bench.pool.acquire(bench.request(0, 'create'))))?.code).toBe('FILE_KIND')
    expect(bench.fileSystem.openNow).toBe(0)
  })

  test('closing waits for handles in use, refuses whoever waits or comes later, and may be repeated', async () => {
    const bench = await fixture(1)
    const held = await bench.pool.acquire(bench.request(0))
    const waiting = failureOf(bench.pool.acquire(bench.request(1)))
    let closed = false
    const closing = Promise.all([bench.pool.close(), bench.pool.close()]).then(() => (closed = true))
    expect((await waiting)?.code).toBe('STORAGE_CLOSED')
    expect(closed).toBe(false)
    bench.pool.release(held)
    await closing
    expect((await failureOf(bench.pool.acquire(bench.request(0))))?.code).toBe('STORAGE_CLOSED')
    expect(bench.fileSystem.openNow).toBe(0)
  })

  test('many users of many files never hold more than there are and never lock up', async () => {
    const bench = await fixture(3, 20)
    const jobs = Array.from({ length: 500 }, async (_, i) => {
      const handle = await bench.pool.acquire(bench.request((i * 7) % 20, i % 5 === 0 ? 'write' : 'read'))
      await handle.file.read(new Uint8Array(4), 0, 4, 0)
      bench.pool.release(handle)
    })
    await Promise.all(jobs)
    expect(bench.fileSystem.mostOpen).toBeLessThanOrEqual(3)
    await bench.pool.close()
    expect(bench.fileSystem.openNow).toBe(0)
    expect(bench.pool.open).toBe(0)
  })

  test('refuses a number of handles that is not a positive integer', () => {
    for (const handles of [0, -1, 1.5, Number.NaN]) expect(() => new HandlePool({ handles })).toThrow('handles')
  })
})
