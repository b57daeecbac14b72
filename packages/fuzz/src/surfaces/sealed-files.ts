// What lies in the state folder besides record, journal and lock: blocks of incomplete pieces, the entry of a torrent, and where its
// files are. Each input is read as it is, and sealed anew with the checksum that fits it.

import { createHash } from 'node:crypto'
import { isAbsolute } from 'node:path'
import { BLOCK_LENGTH, Geometry, peerAddress, type PieceIndex } from '@torrential/primitives'
import { decodeBlocks, encodeBlocks, type KeptPiece } from '../../../session/src/state/block-store.ts'
import { decodePlaces, encodePlaces } from '../../../session/src/state/place-record.ts'
import { TurnBudget } from '../../../session/src/turn-budget.ts'
import { decodeEntry, encodeEntry } from '../../../session/src/state/torrent-entry.ts'
import type { Dice } from '../dice.ts'
import { isCount, shown, text, texts } from '../outcome.ts'
import { expectThat, type Surface } from '../surface.ts'
import { json } from './state-files.ts'

const INFO_HASH = 'aa'.repeat(20)
const LENGTH = 2 * BLOCK_LENGTH + 10
const GEOMETRY = new Geometry('v1', BLOCK_LENGTH, [{ length: LENGTH }])
const WORDS = texts(
  'null',
  '-1',
  '1e309',
  '[]',
  '{}',
  '"x"',
  ',',
  '2',
  '3',
  '"__proto__":',
  '[2,0]',
  '[2,0],[2,0]',
  '"written":',
  '[1,0,1]',
  'true',
  '"/"',
  '9',
)

const TURNS = new TurnBudget(Number.POSITIVE_INFINITY)

const short: KeptPiece = {
  piece: 2 as PieceIndex,
  written: [],
  blocks: [{ offset: 0, block: new Uint8Array(10).fill(7) }],
}
const whole: KeptPiece = {
  piece: 0 as PieceIndex,
  written: [],
  blocks: [{ offset: 0, block: new Uint8Array(BLOCK_LENGTH).fill(9) }],
}
const onDisk: KeptPiece = { piece: 1 as PieceIndex, written: [{ start: 0, end: BLOCK_LENGTH }], blocks: [] }

const BLOCKS = await Promise.all([[], [short], [whole, short], [onDisk, short]].map(fileOf))

async function fileOf(kept: readonly KeptPiece[]): Promise<Uint8Array> {
  return Buffer.concat(await encodeBlocks(INFO_HASH, kept, TURNS))
}

function read(bytes: Uint8Array): Promise<KeptPiece[] | undefined> {
  return decodeBlocks(bytes, INFO_HASH, GEOMETRY, TURNS)
}

export const blocks: Surface = {
  name: 'state-blocks',
  seeds: BLOCKS,
  words: WORDS,
  generate: (dice) => exchanged(dice, BLOCKS),
  async judge(input) {
    const asItIs = await read(input)
    const sealed = await read(sealedAnew(input))
    if (asItIs !== undefined) expectThat(shown(asItIs) === shown(sealed), 'sealing changes it')
    if (sealed === undefined) return 'refused'
    const held = sealed.flatMap(({ piece, blocks: all }) => all.map((one) => ({ piece, ...one })))
    const bytes = held.reduce((sum, { block }) => sum + block.length, 0)
    expectThat(bytes <= input.length, 'more bytes than came')
    for (const { piece, offset, block } of held) {
      expectThat(GEOMETRY.block(piece, offset, block.length) !== undefined, 'a block that there is not')
    }
    for (const { piece, written } of sealed) {
      for (const { start, end } of written) {
        expectThat(GEOMETRY.block(piece, start, end - start) !== undefined, 'a range that there is not')
      }
    }
    const again = await read(await fileOf(sealed))
    expectThat(shown(again) === shown(sealed), 'it changes when written and read')
    const ranges = sealed.some(({ written }) => written.length > 0)
    return `accepted ${asItIs !== undefined} ${Math.min(3, held.length)} ${ranges}`
  },
}

const ENTRIES = texts(
  encodeEntry({
    infoHash: INFO_HASH,
    added: 5,
    path: '/downloads',
    paths: 'portable',
    torrent: 'bb'.repeat(32),
    isStarted: true,
    isPaused: false,
    isSequential: false,
    priorities: '4107',
    trackers: [['http://tracker.example/announce']],
    addedTrackers: [['udp://tracker.example:1', 2]],
    peers: [peerAddress('192.0.2.1', 6881)],
    maxUp: 1_000,
  }),
  encodeEntry({
    infoHash: INFO_HASH,
    added: 6,
    path: '/',
    paths: 'posix',
    magnet: `magnet:?xt=urn:btih:${INFO_HASH}`,
    isStarted: false,
    isPaused: true,
    isSequential: true,
    priorities: '',
    trackers: false,
    addedTrackers: [],
    peers: [],
  }),
)

export const entry: Surface = {
  name: 'state-entry',
  seeds: ENTRIES,
  words: WORDS,
  generate: (dice) => exchanged(dice, ENTRIES),
  judge(input) {
    const asItIs = decodeEntry(input, INFO_HASH)
    const sealed = decodeEntry(sealedAnew(input), INFO_HASH)
    if (asItIs !== undefined) expectThat(sealed !== undefined, 'sealing spoils it')
    if (sealed === undefined) return 'refused'
    const { torrent, magnet, added, path, priorities, peers } = sealed
    expectThat(isAbsolute(path), 'a folder that depends on where we are')
    expectThat((torrent === undefined) !== (magnet === undefined), 'both a torrent and a link, or neither')
    expectThat(torrent === undefined || /^[0-9a-f]{64}$/.test(torrent), 'the name of a file that we never gave')
    expectThat(isCount(added) && /^[0-7]*$/.test(priorities), 'impossible figures')
    expectThat(
      peers.every(({ port }) => isCount(port) && port < 65_536),
      'an impossible address',
    )
    const again = decodeEntry(Buffer.from(encodeEntry(sealed)), INFO_HASH)
    expectThat(shown(again) === shown(sealed), 'it changes when written and read')
    return `accepted ${asItIs !== undefined} ${torrent !== undefined} ${peers.length > 0}`
  },
}

const FILES = { infoHash: INFO_HASH, files: 3 }

const PLACES = texts(
  encodePlaces({ path: '/a', renamed: new Map([[1, 'x/y']]), left: ['/b'] }, INFO_HASH),
  encodePlaces(
    { path: '/a', renamed: new Map(), left: [], next: { path: '/c', renamed: new Map([[2, 'z']]) } },
    INFO_HASH,
  ),
)

export const places: Surface = {
  name: 'state-places',
  seeds: PLACES,
  words: WORDS,
  generate: (dice) => exchanged(dice, PLACES),
  judge(input) {
    const asItIs = decodePlaces(input, FILES)
    const sealed = decodePlaces(sealedAnew(input), FILES)
    if (asItIs !== undefined) expectThat(sealed !== undefined, 'sealing spoils it')
    if (sealed === undefined) return 'refused'
    for (const { path, renamed } of sealed.next === undefined ? [sealed] : [sealed, sealed.next]) {
      expectThat(isAbsolute(path), 'a folder that depends on where we are')
      expectThat(
        [...renamed.keys()].every((file) => isCount(file) && file < FILES.files),
        'a file that there is not',
      )
    }
    const again = decodePlaces(Buffer.from(encodePlaces(sealed, INFO_HASH)), FILES)
    expectThat(again !== undefined && again.path === sealed.path, 'it changes when written and read')
    return `accepted ${asItIs !== undefined} ${sealed.renamed.size > 0} ${sealed.next !== undefined}`
  },
}

/** A good file with one of its values exchanged. */
function exchanged(dice: Dice, good: readonly Uint8Array[]): Uint8Array {
  const [head = '', list = '', ...rest] = Buffer.from(dice.pick(good)).toString('latin1').split('\n')
  return text([head, json(dice, list), ...rest].join('\n'))
}

/** The same with a checksum that fits. */
function sealedAnew(input: Uint8Array): Uint8Array {
  const bytes = Buffer.from(input)
  const end = bytes.indexOf(0x0a)
  const body = bytes.subarray(end + 1)
  const kind = bytes.subarray(0, Math.max(0, end - 64))
  return Buffer.concat([kind, Buffer.from(`${createHash('sha256').update(body).digest('hex')}\n`), body])
}
