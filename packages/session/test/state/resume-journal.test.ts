import { describe, expect, test } from '@jest/globals'
import { SeededRandom } from '@torrential/primitives'
import {
  decodeJournal,
  encodeJournalEntry,
  encodeJournalHead,
  type JournalEntry,
} from '../../src/state/resume-journal.ts'

const entries: readonly JournalEntry[] = [
  { time: 1, uploaded: 0, downloaded: 5, gained: [3, 1], lost: [] },
  { time: 2, uploaded: 7, downloaded: 5, gained: [], lost: [3], synced: 1 },
  { time: 3, uploaded: 7, downloaded: 9, gained: [2], lost: [] },
]
const journal = Buffer.from(encodeJournalHead('e1', 'b1') + entries.map(encodeJournalEntry).join(''))

describe('a journal', () => {
  test('reads as it was written', () => {
    expect(decodeJournal(journal, 4)).toEqual({ epoch: 'e1', boot: 'b1', entries })
  })

  test('cut at any byte ends with its last whole line', () => {
    const ends = [...journal.toString('latin1').matchAll(/\n/g)].map(({ index }) => index + 1)
    for (let length = 0; length <= journal.length; length++) {
      const whole = ends.filter((end) => end <= length).length
      const found = decodeJournal(journal.subarray(0, length), 4)
      if (whole === 0) expect(found).toBeUndefined()
      else expect(found?.entries).toEqual(entries.slice(0, whole - 1))
    }
  })

  test('flipped anywhere never says anything that was not written', () => {
    const random = new SeededRandom(5)
    for (let round = 0; round < 1_000; round++) {
      const bytes = Buffer.from(journal)
      const at = Math.floor(random.next() * bytes.length)
      bytes[at] = (bytes[at] as number) ^ (1 << Math.floor(random.next() * 8))
      const found = decodeJournal(bytes, 4)
      expect(entries.slice(0, found?.entries.length ?? 0)).toEqual(found?.entries ?? [])
    }
  })

  test.each([
    ['a piece that the torrent does not have', { time: 1, uploaded: 0, downloaded: 0, gained: [4] }],
    ['a piece below zero', { time: 1, uploaded: 0, downloaded: 0, lost: [-1] }],
    ['no time', { time: Number.NaN, uploaded: 0, downloaded: 0 }],
    ['impossible totals', { time: 1, uploaded: -1, downloaded: 0 }],
  ])('ends in front of a line with %s', (_, entry: JournalEntry) => {
    const text =
      encodeJournalHead('e', 'b') + encodeJournalEntry(entry) + encodeJournalEntry(entries[0] as JournalEntry)
    expect(decodeJournal(Buffer.from(text), 4)?.entries).toEqual([])
  })
})
