// The store on a disk that can lose what was not synced: after a crash of the process nothing is lost, after a power cut nothing
// is believed that the disk had not got.

import { mkdir, mkdtemp, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { buildTorrent, type Metainfo, parseTorrent } from '@torrential/metainfo'
import { Bitfield, type PieceIndex, SeededRandom } from '@torrential/primitives'
import { type ResumeFound, ResumeStore, type ResumeSubject } from '../../src/state/resume-store.ts'
import { MemoryStateFiles } from './memory-state-files.ts'

const PIECE = 16_384
const infoHash = 'ab'.repeat(20)
let folder = ''
let metainfo: Metainfo
let subject: ResumeSubject
let time = 0

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resume-store-'))
  const files = [
    { path: ['a'], length: 4 * PIECE },
    { path: ['b'], length: 4 * PIECE },
  ]
  const pieceHashes = new Uint8Array(8 * 20)
  metainfo = parseTorrent(
    buildTorrent({ version: 'v1', name: 't', multiFile: true, pieceLength: PIECE, files, pieceHashes }),
  )
  subject = { metainfo, infoHash, locate: (file) => join(folder, metainfo.files[file]!.path) }
  await mkdir(join(folder, 't'))
  for (const { path } of metainfo.files) await writeFile(join(folder, path), Buffer.alloc(4 * PIECE))
  time = Math.ceil((await stat(join(folder, metainfo.files[1]!.path))).mtimeMs) + 1
})

afterEach(() => rm(folder, { recursive: true, force: true }))

const storeOn = (files: MemoryStateFiles, boot = 'boot 1'): ResumeStore =>
  new ResumeStore({ files, boot, random: new SeededRandom(1), wallClock: () => time })

const bitfield = (...pieces: number[]): Bitfield => {
  const have = new Bitfield(8)
  for (const piece of pieces) have.add(piece as PieceIndex)
  return have
}

const found = async (store: ResumeStore): Promise<ResumeFound> => {
  const loaded = await store.load(subject)
  if (loaded === undefined || loaded === 'damaged') throw new Error(`not found: ${loaded}`)
  return loaded
}

const totals = { uploaded: 5, downloaded: 6 }
const fileB = () => join(folder, metainfo.files[1]!.path)

/** A record of pieces 0 and 4, and a journal in which 1 and 5 came, of which 1 has reached the disk. */
async function crashed(files: MemoryStateFiles): Promise<void> {
  const store = storeOn(files)
  const place = await store.save(subject, { have: bitfield(0, 4), ...totals }, { before: undefined, isQuiet: false })
  await store.append(infoHash, place, { ...totals, time, gained: [1] })
  await store.append(infoHash, place, { ...totals, time, synced: 1 })
  await store.append(infoHash, place, { uploaded: 9, downloaded: 10, time, gained: [5] })
}

describe('a resume store', () => {
  test('gives back what an orderly end left, and calls it current', async () => {
    const files = new MemoryStateFiles()
    await storeOn(files).save(subject, { have: bitfield(0, 4), ...totals }, { before: undefined, isQuiet: true })
    const { have, doubtful, isCurrent, uploaded, downloaded } = await found(storeOn(files, 'boot 2'))
    expect([[...have], doubtful.size, isCurrent, uploaded, downloaded]).toEqual([[0, 4], 0, true, 5, 6])
  })

  test('believes the journal of a process that crashed, and hashes nothing', async () => {
    const files = new MemoryStateFiles()
    await crashed(files)
    const { have, doubtful, isCurrent, uploaded } = await found(storeOn(files))
    expect([[...have], [...doubtful], isCurrent, uploaded]).toEqual([[0, 1, 4, 5], [], false, 9])
  })

  test('asks for proof of what had not reached the disk when the system went down', async () => {
    const files = new MemoryStateFiles()
    await crashed(files)
    expect([...(await found(storeOn(files, 'boot 2'))).doubtful]).toEqual([5])
  })

  test('believes nothing of lines that the disk never got, wherever the power is cut', async () => {
    const files = new MemoryStateFiles()
    await crashed(files)
    for (const left of files.afterPowerCut()) {
      const loaded = await storeOn(left, 'boot 2').load(subject)
      if (loaded === undefined) continue
      const { have, doubtful } = loaded as ResumeFound
      // 0 and 4 were flushed before the record, 1 before the line that says so; 5 never was.
      for (const piece of have) expect([0, 1, 4].includes(piece) || doubtful.has(piece)).toBe(true)
    }
  })

  test('ignores a journal of another record', async () => {
    const files = new MemoryStateFiles()
    await crashed(files)
    const journal = await files.read(`${infoHash}.journal-0`, 1e6)
    const store = storeOn(files)
    const { journal: before } = await found(store)
    time++
    await store.save(subject, { have: bitfield(2), ...totals }, { before, isQuiet: true })
    files.put(`${infoHash}.journal-1`, journal as Uint8Array)
    const { have, isCurrent } = await found(store)
    expect([[...have], isCurrent]).toEqual([[2], false])
  })

  test('writes down how files looked a moment ago, and looks at the others', async () => {
    const files = new MemoryStateFiles()
    const { size, mtimeMs } = await stat(fileB())
    const looks = new Map([[1, { size, modified: mtimeMs }]])
    await utimes(fileB(), 1e9, mtimeMs / 1_000 + 2)
    const have = bitfield(0, 4)
    const options = { before: undefined, isQuiet: true, looks }
    await storeOn(files).save(subject, { have, ...totals }, options)
    // Somebody has touched it since that look.
    expect([...(await found(storeOn(files))).doubtful]).toEqual([4, 5, 6, 7])
    await utimes(fileB(), 1e9, mtimeMs / 1_000)
    expect((await found(storeOn(files))).isCurrent).toBe(true)
  })

  test('hashes the pieces of a file that was changed long after the crash, and of no other', async () => {
    const files = new MemoryStateFiles()
    await crashed(files)
    await utimes(fileB(), 1e9, time / 1_000 + 3_600)
    expect([...(await found(storeOn(files))).doubtful]).toEqual([4, 5, 6, 7])
  })

  test('hashes the pieces of a file that is too short for them, whatever its time', async () => {
    const files = new MemoryStateFiles()
    await crashed(files)
    await truncate(fileB(), PIECE + 1)
    await utimes(fileB(), 1e9, time / 1_000)
    expect([...(await found(storeOn(files))).doubtful]).toEqual([4, 5, 6, 7])
  })

  test('asks for proof of what is claimed of a file that is gone', async () => {
    const files = new MemoryStateFiles()
    await crashed(files)
    await rm(fileB())
    expect([...(await found(storeOn(files))).doubtful]).toEqual([4, 5])
  })

  test('cut or flipped anywhere, its files never claim what was not written', async () => {
    const files = new MemoryStateFiles()
    await crashed(files)
    const random = new SeededRandom(9)
    for (const name of await files.list()) {
      const bytes = (await files.read(name, 1e6)) as Uint8Array
      for (let round = 0; round < 1_000; round++) {
        const damaged = Buffer.from(bytes)
        const at = Math.floor(random.next() * bytes.length)
        damaged[at] = (damaged[at] as number) ^ (1 << Math.floor(random.next() * 8))
        files.put(name, round % 2 === 0 ? damaged : bytes.subarray(0, at))
        const loaded = await storeOn(files).load(subject)
        if (loaded === undefined || loaded === 'damaged') continue
        for (const piece of loaded.have) expect([0, 1, 4, 5]).toContain(piece)
      }
      files.put(name, bytes)
    }
  })

  test('forgets all of it', async () => {
    const files = new MemoryStateFiles()
    await crashed(files)
    await storeOn(files).delete(infoHash)
    expect(await files.list()).toEqual([])
  })
})
