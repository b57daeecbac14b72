// Every version of a torrent with libtorrent, which knows all of them, and hybrids with transmission 4, which takes them for v1: in both
// directions, from the .torrent and from magnet links, as one file and as a tree with files that are empty, shorter than a block and
// shorter than a piece.
import { expect, jest, test } from '@jest/globals'
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parseTorrent } from '@torrential/metainfo'
import { toHex } from '@torrential/primitives'
import { createTorrent } from '@torrential/storage'
import { aria2, Ground, libtorrent, type Payload, torrential, transmission4, writePayload } from '../src/index.ts'
import { suiteWith } from './suite-with.ts'
import { transferVersion } from './version-transfer.ts'

jest.setTimeout(180_000)

const pieceLength = 32 * 1024

const payloads: readonly (readonly [string, Payload])[] = [
  ['one file', { name: 'one.bin', seed: 31, pieceLength, length: 700_001 }],
  [
    'a tree',
    {
      name: 'tree é',
      seed: 32,
      pieceLength,
      files: [
        { path: 'a/empty', length: 0 },
        { path: 'a/less than a block', length: 7 },
        { path: 'a/less than a piece', length: 20_000 },
        { path: 'b/exactly a piece', length: pieceLength },
        { path: 'b/many pieces', length: 500_003 },
        { path: 'z', length: 0 },
      ],
    },
  ],
]

const sources = {
  v1: [undefined, ['infoHashV1']],
  v2: [undefined, ['infoHashV2']],
  hybrid: [undefined, ['infoHashV1'], ['infoHashV2'], ['infoHashV1', 'infoHashV2']],
} as const

await suiteWith([libtorrent], 'torrents of every version and libtorrent', () => {
  for (const version of ['v1', 'v2', 'hybrid'] as const) {
    for (const [what, payload] of payloads) {
      for (const names of sources[version]) {
        const source = names === undefined ? 'its .torrent' : `a magnet link with ${names.join(' and ')}`
        const options = { version, ...(names && { names }) }
        test.concurrent(`we get ${what} of ${version} from ${source}`, () =>
          transferVersion(payload, { ...options, from: libtorrent, to: torrential }))
        test.concurrent(`it gets ${what} of ${version} from ${source}`, () =>
          transferVersion(payload, { ...options, from: torrential, to: libtorrent }))
      }
    }
  }
})

await suiteWith([transmission4], 'hybrid torrents and transmission 4', () => {
  for (const [what, payload] of payloads) {
    for (const names of [undefined, ['infoHashV1']] as const) {
      const source = names === undefined ? 'its .torrent' : 'a magnet link'
      const options = { version: 'hybrid', ...(names && { names }) } as const
      test.concurrent(`we get ${what} from ${source}`, () =>
        transferVersion(payload, { ...options, from: transmission4, to: torrential }))
      test.concurrent(`it gets ${what} from ${source}`, () =>
        transferVersion(payload, { ...options, from: torrential, to: transmission4 }))
    }
  }
})

// aria2 writes the info dictionary anew before it hashes it, and loses the empty keys of a file tree: in its eyes every hybrid is another
// torrent, whoever made it. That is why `--v1` exists.
await suiteWith([aria2], 'hybrid torrents and aria2', () => {
  test.each(['v1', 'hybrid'] as const)(
    'it computes the infohash of v1, and another one of a hybrid: %s',
    async (version) => {
      await using ground = await Ground.create()
      const folder = await ground.folder('source')
      const payload = payloads[0]?.[1] as Payload
      await writePayload(payload, folder)
      const bytes = await createTorrent(join(folder, payload.name), { version, pieceLength }).result
      await writeFile(join(folder, 'a.torrent'), bytes)
      const { stdout } = await promisify(execFile)('aria2c', ['--show-files', join(folder, 'a.torrent')])
      const theirs = /Info Hash: ([0-9a-f]{40})/.exec(stdout)?.[1]
      const { infoHashV1 } = parseTorrent(bytes)
      expect(theirs === toHex(infoHashV1 as Uint8Array)).toBe(version === 'v1')
    },
  )
})
