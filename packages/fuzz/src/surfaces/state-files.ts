// What lies in the state folder: record, journal, lock. Damage that a checksum finds is the easy part; each input is also
// sealed anew, as somebody clever or a bug would.

import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { Bitfield, InputError } from '@torrential/primitives'
import { decodeJournal, encodeJournalEntry, encodeJournalHead } from '../../../session/src/state/resume-journal.ts'
import { decodeRecord, encodeRecord } from '../../../session/src/state/resume-record.ts'
import { StateLock } from '../../../session/src/state/state-lock.ts'
import type { Dice } from '../dice.ts'
import { codeOf, isCount, shown, text, texts } from '../outcome.ts'
import { expectThat, type Surface } from '../surface.ts'

const PIECES = 40
const EXPECTED = { infoHash: 'aa'.repeat(20), pieces: PIECES, files: 2 }
const RECORD = encodeRecord(
  {
    epoch: '1-ab',
    slot: 0,
    time: 1_700_000_000_000,
    have: Bitfield.full(PIECES),
    uploaded: 5,
    downloaded: 9,
    files: [{ size: 1, mtime: 2 }, null],
  },
  EXPECTED.infoHash,
)
const JOURNAL =
  encodeJournalHead('1-ab', 'boot') +
  encodeJournalEntry({ time: 1, uploaded: 2, downloaded: 3, gained: [1, 2, 39], synced: 1 }) +
  encodeJournalEntry({ time: 2, uploaded: 2, downloaded: 4, lost: [1] })
const JSON_WORDS = texts(
  'null',
  '-1',
  '1e309',
  '9007199254740993',
  '[]',
  '{}',
  '"x"',
  ',',
  '40',
  '39',
  '"__proto__":',
  '\n',
  '[1,2]',
  'true',
)
const NUMBERS = ['0', '-1', '1', '39', '40', '1e400', '0.5', 'null', '"1"', '9007199254740993', '[]', '{}']

export const record: Surface = {
  name: 'state-record',
  seeds: texts(RECORD),
  words: JSON_WORDS,
  generate: (dice) =>
    text(`${RECORD.slice(0, RECORD.indexOf('\n') + 1)}${json(dice, RECORD.slice(RECORD.indexOf('\n') + 1))}`),
  judge(input) {
    const asItIs = decodeRecord(input, EXPECTED)
    const content = Buffer.from(input).toString()
    const body = content.slice(content.indexOf('\n') + 1)
    const head = RECORD.slice(0, RECORD.indexOf('\n') - 64)
    const sealed = decodeRecord(
      Buffer.from(`${head}${createHash('sha256').update(body).digest('hex')}\n${body}`),
      EXPECTED,
    )
    if (asItIs !== undefined) expectThat(sealed !== undefined, 'sealing spoils it')
    if (sealed === undefined) return 'refused'
    expectThat(sealed.have.length === PIECES && sealed.have.count <= PIECES, 'another number of pieces')
    expectThat(isCount(sealed.time) && isCount(sealed.uploaded) && isCount(sealed.downloaded), 'impossible figures')
    expectThat(sealed.files.length === 2, 'another number of files')
    const again = decodeRecord(Buffer.from(encodeRecord(sealed, EXPECTED.infoHash)), EXPECTED)
    expectThat(shown(again) === shown(sealed), 'it changes when written and read')
    return `accepted ${asItIs !== undefined} ${sealed.have.count === PIECES} ${sealed.slot}`
  },
}

export const journal: Surface = {
  name: 'state-journal',
  seeds: texts(JOURNAL, JOURNAL.slice(0, -3)),
  words: JSON_WORDS,
  generate: (dice) =>
    text(
      JOURNAL.split('\n')
        .map((line) => (dice.oneIn(2) ? line : `${line.slice(0, 9)}${json(dice, line.slice(9))}`))
        .join('\n'),
    ),
  judge(input) {
    const found = decodeJournal(input, PIECES)
    const lines = Buffer.from(input).toString().split('\n')
    const sealedText = lines
      .map((line) => `${crc32(line.slice(9)).toString(16).padStart(8, '0')} ${line.slice(9)}`)
      .join('\n')
    const sealed = decodeJournal(Buffer.from(sealedText), PIECES)
    for (const one of [found, sealed]) {
      if (one === undefined) continue
      expectThat(one.entries.length < lines.length, 'more entries than lines')
      const again = [
        encodeJournalHead(one.epoch, one.boot),
        ...one.entries.map((entry) => encodeJournalEntry(entry)),
      ].join('')
      expectThat(
        decodeJournal(Buffer.from(again), PIECES)?.entries.length === one.entries.length,
        'it changes when written and read',
      )
      for (const { gained = [], lost = [] } of one.entries) {
        expectThat(
          [...gained, ...lost].every((piece) => isCount(piece) && piece < PIECES),
          'a piece that there is not',
        )
      }
    }
    return `${found?.entries.length} ${Math.min(3, sealed?.entries.length ?? -1)}`
  },
}

/** The lock of a session of this very process. */
async function heldLock(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'torrential-fuzz-'))
  const held = new StateLock({ folder, session: 'held' })
  await held.take()
  const content = readFileSync(join(folder, 'lock'), 'utf8')
  await held[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
  return content
}

const HELD = await heldLock()

export const lock: Surface = {
  name: 'state-lock',
  weight: 0.1,
  seeds: texts('{"pid":1,"boot":"x","started":"1","session":"s"}', '{"pid":-1}', '', '[]', 'null', HELD),
  words: JSON_WORDS,
  generate: (dice) =>
    text(json(dice, dice.oneIn(2) ? HELD : `{"pid":${dice.pick(NUMBERS)},"boot":"b","started":"1","session":"s"}`)),
  async judge(input) {
    const folder = mkdtempSync(join(tmpdir(), 'torrential-fuzz-'))
    try {
      writeFileSync(join(folder, 'lock'), input)
      const taken = new StateLock({ folder, session: 'fuzz' })
      await taken.take()
      await taken[Symbol.asyncDispose]()
      expectThat(readdirSync(folder).length === 0, 'something is left behind')
      return 'taken over'
    } catch (error) {
      const code = codeOf(error, InputError, /^STATE_LOCKED$/)
      // Only that of a process that is there: this one, or with luck one that began within the same hundredth of a second.
      expectThat(isRunning((error as InputError).data.pid as number), 'the lock of nobody holds')
      return code
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** JSON with one of its values exchanged. */
export function json(dice: Dice, good: string): string {
  const values = [...good.matchAll(/(?<=[:,[])[^:,[\]{}]+/g)]
  if (values.length === 0) return good
  const chosen = dice.pick(values)
  return good.slice(0, chosen.index) + dice.pick(NUMBERS) + good.slice(chosen.index + chosen[0].length)
}
