// When a line goes to the journal.

import { describe, expect, test } from '@jest/globals'
import { buildTorrent, parseTorrent } from '@torrential/metainfo'
import { Bitfield, VirtualClock } from '@torrential/primitives'
import type { JournalEntry } from '../../src/state/resume-journal.ts'
import { ResumeKeeper } from '../../src/state/resume-keeper.ts'
import type { FileLooks, JournalPlace, ResumeStore } from '../../src/state/resume-store.ts'

const PIECES = 300

/** A keeper of a torrent of 300 pieces that has a record, and the lines of its journal. */
async function keeper(pieceLength: number) {
  const torrent = parseTorrent(
    buildTorrent({
      version: 'v1',
      name: 't',
      multiFile: false,
      pieceLength,
      files: [{ path: ['t'], length: PIECES * pieceLength }],
      pieceHashes: new Uint8Array(PIECES * 20),
    }),
  )
  const lines: JournalEntry[] = []
  const disk = { answers: Promise.resolve(), works: true }
  const tell = async (_: string, __: JournalPlace, entry: JournalEntry) => {
    await disk.answers
    if (!disk.works) throw new Error('no space')
    return lines.push(entry)
  }
  const looks: FileLooks = new Map([[0, { size: 5, modified: 7 }]])
  const saved: unknown[] = []
  const save = async (_: unknown, __: unknown, options: { looks?: FileLooks }): Promise<JournalPlace> => {
    saved.push(options.looks)
    return { epoch: 'e', slot: 0 }
  }
  const store = { now: () => 0, save, begin: tell, append: tell } as unknown as ResumeStore
  const clock = new VirtualClock()
  const kept = new ResumeKeeper({
    store,
    clock,
    subject: { metainfo: torrent, infoHash: 'ab'.repeat(20), locate: () => '/t' },
    have: new Bitfield(PIECES),
    totals: { uploaded: 0, downloaded: 0 },
    flush: async () => looks,
    warn: (error) => {
      if (disk.works) throw error
    },
  })
  await kept.save(false)
  const settled = () => new Promise((turned) => setImmediate(turned))
  return { kept, clock, lines, settled, disk, looks, saved }
}

test('a record is told how files looked when they had been made durable', async () => {
  const { saved, looks } = await keeper(16_384)
  expect(saved).toEqual([looks])
})

describe('a line of the journal', () => {
  test.each([
    [16_384, 32],
    [131_072, 16],
    [262_144, 8],
    [4_194_304, 8],
  ])('of pieces of %i bytes has %i of them, or what came within a second', async (pieceLength, batch) => {
    const { kept, clock, lines, settled } = await keeper(pieceLength)
    for (let piece = 0; piece < batch; piece++) kept.gained(piece)
    await settled()
    for (let piece = batch; piece < 2 * batch - 1; piece++) kept.gained(piece)
    await settled()
    expect(lines.map(({ gained }) => gained?.length)).toEqual([batch])
    clock.advance(999)
    await settled()
    expect(lines).toHaveLength(1)
    clock.advance(1)
    await settled()
    expect(lines.map(({ gained }) => gained?.length)).toEqual([batch, batch - 1])
  })

  test('has all that came while it waited for the disk', async () => {
    const { kept, lines, settled } = await keeper(262_144)
    for (let piece = 0; piece < 100; piece++) kept.gained(piece)
    await settled()
    expect(lines.map(({ gained }) => gained?.length)).toEqual([100])
    for (let piece = 100; piece < 108; piece++) kept.gained(piece)
    await settled()
    expect(lines.map(({ gained }) => gained?.length)).toEqual([100, 8])
  })
})

describe('files that get ahead of the journal', () => {
  test.each([
    [262_144, 24],
    [65_536, 96],
  ])('wait for it: pieces of %i bytes when %i of them are not in it', async (pieceLength, most) => {
    const { kept, clock, lines, settled, disk } = await keeper(pieceLength)
    let answer = () => {}
    disk.answers = new Promise((resolve) => (answer = resolve))
    for (let piece = 0; piece < most - 1; piece++) {
      kept.gained(piece)
      // The first line is on its way by then, the others wait.
      await settled()
    }
    expect(kept.room()).toBeUndefined()
    kept.gained(most - 1)
    let hasRoom = false
    const room = kept.room()?.then(() => (hasRoom = true))
    await settled()
    expect([room !== undefined, hasRoom]).toEqual([true, false])
    answer()
    await room
    await settled()
    expect(kept.room()).toBeUndefined()
    expect(lines.flatMap(({ gained }) => gained)).toHaveLength(most)
    expect(clock.pending).toBeLessThanOrEqual(1)
  })

  test('wait a second at the most, and not for one that cannot be written', async () => {
    const { kept, clock, settled, disk } = await keeper(262_144)
    let answer = () => {}
    disk.answers = new Promise((resolve) => (answer = resolve))
    for (let piece = 0; piece < 50; piece++) kept.gained(piece)
    let waited = 0
    void kept.room()?.then(() => waited++)
    clock.advance(999)
    await settled()
    expect(waited).toBe(0)
    clock.advance(1)
    await settled()
    expect(waited).toBe(1)
    disk.works = false
    void kept.room()?.then(() => waited++)
    answer()
    await settled()
    expect(waited).toBe(2)
    expect(kept.room()).toBeUndefined()
  })
})
