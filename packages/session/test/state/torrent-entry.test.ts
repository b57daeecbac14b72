import { expect, test } from '@jest/globals'
import { sealJson, sha256Hex } from '../../src/state/sealed-json.ts'
import { decodeEntry, encodeEntry, type TorrentEntry } from '../../src/state/torrent-entry.ts'

const entry: TorrentEntry = {
  infoHash: 'aa'.repeat(20),
  added: 5,
  path: '/downloads',
  paths: 'portable',
  torrent: 'bb'.repeat(32),
  isStarted: true,
  isPaused: false,
  isSequential: false,
  priorities: '',
  trackers: false,
  addedTrackers: [],
  peers: [],
  maxUp: 1_000,
}

test('an entry comes back as it was', () => {
  expect(decodeEntry(Buffer.from(encodeEntry(entry)), entry.infoHash)).toEqual(entry)
})

test.each([
  ['a folder that depends on where we are', { path: 'downloads' }],
  ['no folder', { path: '' }],
  ['a digest that is none', { torrent: '../x' }],
  ['the infohash of another', { infoHash: 'ab'.repeat(20) }],
])('%s under a right checksum is no entry', (_what, wrong) => {
  expect(decodeEntry(Buffer.from(sealJson('torrent 1', { ...entry, ...wrong })), entry.infoHash)).toBeUndefined()
})

test('a limit beyond all numbers is no limit', () => {
  const body = JSON.stringify(entry).replace('"maxUp":1000', '"maxUp":1e400')
  const sealed = `torrential torrent 1 ${sha256Hex(body)}\n${body}`
  expect(decodeEntry(Buffer.from(sealed), entry.infoHash)).toBeUndefined()
})
