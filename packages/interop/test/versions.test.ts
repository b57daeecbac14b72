// Every version of a torrent with libtorrent, which knows all of them: in both directions, from the .torrent and from magnet links,
// as one file and as a tree with files that are empty, shorter than a block and shorter than a piece.
import { jest, test } from '@jest/globals'
import { libtorrent, type Payload, torrential } from '../src/index.ts'
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
