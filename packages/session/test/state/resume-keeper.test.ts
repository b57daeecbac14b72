// When a line goes to the journal.

import { describe, expect, test } from '@jest/globals'
import { buildTorrent, parseTorrent } from '@torrential/metainfo'
import { Bitfield, VirtualClock } from '@torrential/primitives'
import type { JournalEntry } from '../../src/state/resume-journal.ts'
import { ResumeKeeper } from '../../src/state/resume-keeper.ts'
import type { JournalPlace, ResumeStore } from '../../src/state/resume-store.ts'

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
  const tell = async (_: string, __: JournalPlace, entry: JournalEntry) => lines.push(entry)
  const save = async (): Promise<JournalPlace> => ({ epoch: 'e', slot: 0 })
  const store = { now: () => 0, save, begin: tell, append: tell } as unknown as ResumeStore
  const clock = new VirtualClock()
  const kept = new ResumeKeeper({
    store,
    clock,
    subject: { metainfo: torrent, infoHash: 'ab'.repeat(20), locate: () => '/t' },
    have: new Bitfield(PIECES),
    totals: { uploaded: 0, downloaded: 0 },
    flush: async () => {},
    warn: (error) => {
      throw error
    },
  })
  await kept.save(false)
  const settled = () => new Promise((turned) => setImmediate(turned))
  return { kept, clock, lines, settled }
}

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
