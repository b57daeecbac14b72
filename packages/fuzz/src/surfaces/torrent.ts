// .torrent files: whole ones, and info dictionaries alone. What is possible in a torrent is judged by the same list as in the
// tests of the metainfo package, and its mutator changes values inside the structure, past the syntax.

import { readFileSync } from 'node:fs'
import { type BencodeValue, decode, encode } from '@torrential/bencode'
import { createVerifier, parseInfo, parseTorrent } from '@torrential/metainfo'
import { equalBytes, InputError, SeededRandom } from '@torrential/primitives'
import { torrentFaults } from '../../../metainfo/test/consistency.ts'
import { Mutator } from '../../../metainfo/test/mutator.ts'
import { BENCODE_WORDS, dictionary } from '../bencode-grammar.ts'
import { outcomeOf, text, texts } from '../outcome.ts'
import { expectThat, type Surface } from '../surface.ts'

const CODES = /^(?:BENCODE|TORRENT)_[A-Z0-9_]+$/
const NAMES = ['multi', 'single', 'tiny'].flatMap((what) =>
  ['v1', 'v2', 'hybrid'].map((version) => `${what}-${version}`),
)
const SEEDS = NAMES.map((name) => {
  const url = new URL(`../../../metainfo/test/fixtures/${name}.torrent`, import.meta.url)
  return new Uint8Array(readFileSync(url))
})
const STRUCTURES: readonly BencodeValue[] = SEEDS.map((seed) => decode(seed))
const KEYS = [
  'announce',
  'info',
  'name',
  'length',
  'files',
  'path',
  'piece length',
  'pieces',
  'file tree',
  'meta version',
  'piece layers',
  '',
]

export const torrent: Surface = {
  name: 'torrent',
  seeds: SEEDS,
  words: [
    ...BENCODE_WORDS,
    ...texts('4:pathl2:..e', '12:piece lengthi0e', '12:meta versioni2e', '9:file treed', '0:d'),
  ],
  generate(dice) {
    if (dice.oneIn(10)) return text(`d4:info${dictionary(dice, KEYS)}e`)
    const mutator = new Mutator(new SeededRandom(dice.uint32()))
    return encode(mutator.value(dice.pick(STRUCTURES)))
  },
  judge(input) {
    const read = outcomeOf(InputError, CODES, () => parseTorrent(input))
    if (!('value' in read)) return read.code
    const metainfo = read.value
    const faults = torrentFaults(metainfo)
    expectThat(faults.length === 0, `impossible: ${faults.join(', ')}`)
    createVerifier(metainfo)
    const { pieceLayers } = metainfo
    const alone = parseInfo(metainfo.infoBytes, { pieceLayers })
    expectThat(equalBytes(alone.infoHash, metainfo.infoHash), 'the info dictionary alone has another infohash')
    expectThat(
      alone.files.every(({ path }, at) => path === metainfo.files[at]?.path),
      'alone it has other paths',
    )
    const again = parseTorrent(alone.bytes)
    expectThat(equalBytes(again.infoHash, metainfo.infoHash), 'the .torrent made of it has another infohash')
    return `accepted ${metainfo.version} ${metainfo.isMultiFile} ${Math.min(3, metainfo.files.length)}`
  },
}
