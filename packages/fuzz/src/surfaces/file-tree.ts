// File trees of v2 (BEP 52) by their grammar: deep, wide, with names that are none, and with lengths that no disk has. A tree is
// a stranger's recursion, so it has a surface of its own.

import { encode, type Encodable, raw } from '@torrential/bencode'
import { METAINFO_LIMITS, parseInfo } from '@torrential/metainfo'
import { InputError } from '@torrential/primitives'
import { torrentFaults } from '../../../metainfo/test/consistency.ts'
import { BENCODE_WORDS } from '../bencode-grammar.ts'
import type { Dice } from '../dice.ts'
import { outcomeOf, text, texts } from '../outcome.ts'
import { expectThat, type Surface } from '../surface.ts'

const CODES = /^(?:BENCODE|TORRENT)_[A-Z0-9_]+$/
const NAMES = ['a', 'b', 'A', 'é', 'con', '..', '.', 'x/y', 'x\0', '', ' ', '__proto__', 'a'.repeat(300)]
const LENGTHS: readonly Encodable[] = [0, 1, 16_384, 16_385, 65_536, -1, 2 ** 40, 2 ** 48, 2 ** 53 - 1, 2n ** 60n]

export const fileTree: Surface = {
  name: 'file-tree',
  seeds: [info(leaf(1)), info(directory('a', leaf(16_385))), info(deep(50))].map((value) => encode(value)),
  words: [...BENCODE_WORDS, ...texts('0:d6:lengthi1e', '11:pieces root32:', '9:file treed')],
  generate: (dice) => encode(info(dice.oneIn(10) ? deep(dice.below(200)) : tree(dice, 0))),
  judge(input) {
    const read = outcomeOf(InputError, CODES, () => parseInfo(input, { allowMissingPieceLayers: true }))
    if (!('value' in read)) return read.code
    const faults = torrentFaults(read.value)
    expectThat(faults.length === 0, `impossible: ${faults.join(', ')}`)
    const deepest = Math.max(...read.value.files.map(({ path }) => path.split('/').length))
    expectThat(deepest <= METAINFO_LIMITS.maxPathDepth + 1, `a path of ${deepest} elements`)
    return `accepted ${read.value.version} ${Math.min(4, read.value.files.length)} ${Math.min(4, deepest)}`
  },
}

function info(treeOf: Encodable): Encodable {
  return { 'file tree': treeOf, 'meta version': 2, name: 'n', 'piece length': 16_384 }
}

function leaf(length: Encodable): Encodable {
  return { a: { '': { length, 'pieces root': new Uint8Array(32).fill(7) } } }
}

function directory(name: string, inner: Encodable): Encodable {
  return { [name]: inner }
}

function deep(depth: number): Encodable {
  // Spelled out, since a test of recursion must not need any.
  const open = 'd1:a'.repeat(depth)
  const file = `d1:fd0:d6:lengthi1e11:pieces root32:${'r'.repeat(32)}eee`
  return raw(text(`${open}${file}${'e'.repeat(depth)}`))
}

function tree(dice: Dice, depth: number): Encodable {
  const entries = new Map<string, Encodable>()
  for (let count = 1 + dice.size(8); count > 0; count--) {
    const isFile = depth > 6 || dice.oneIn(2)
    entries.set(dice.pick(NAMES), isFile ? entry(dice) : tree(dice, depth + 1))
  }
  return entries
}

function entry(dice: Dice): Encodable {
  const root = new Uint8Array(dice.oneIn(12) ? dice.below(64) : 32).fill(dice.below(256))
  const length = dice.pick(LENGTHS)
  return { '': dice.oneIn(12) ? dice.pick(LENGTHS) : { length, 'pieces root': root } }
}
