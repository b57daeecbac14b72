// Payloads of extension messages (BEP 10): handshake, metadata, PEX, holepunch, donthave. Each is read, written and read again.

import {
  decodeDontHave,
  decodeExtensionHandshake,
  decodeHolepunch,
  decodeMetadataMessage,
  decodePexMessage,
  encodeDontHave,
  encodeExtensionHandshake,
  encodeHolepunch,
  encodeMetadataMessage,
  encodePexMessage,
} from '@torrential/protocol'
import { PeerError } from '@torrential/primitives'
import { BENCODE_WORDS, dictionary } from '../bencode-grammar.ts'
import type { Dice } from '../dice.ts'
import { outcomeOf, roundTrip, shown, text, texts } from '../outcome.ts'
import type { Surface } from '../surface.ts'

interface Payload<T> {
  readonly name: string
  readonly seeds: readonly string[]
  readonly keys: readonly string[]
  readonly decode: (bytes: Uint8Array) => T
  readonly encode: (value: T) => Uint8Array
  readonly generate?: (dice: Dice) => Uint8Array
}

const six = '\x01\x02\x03\x04\x1a\xe1'
const eighteen = `${'\xfe'.repeat(16)}\x1a\xe1`

export const extensions: readonly Surface[] = [
  surface({
    name: 'extension-handshake',
    seeds: [
      'd1:md11:ut_metadatai3e6:ut_pexi1ee13:metadata_sizei31235e4:reqqi500e1:v3:abc6:yourip4:\x01\x02\x03\x04e',
      'd1:mdee',
      `d4:ipv44:\x01\x02\x03\x044:ipv616:${'\xfe'.repeat(16)}1:mde1:pi6881e11:upload_onlyi1ee`,
    ],
    keys: [
      'm',
      'p',
      'v',
      'yourip',
      'ipv4',
      'ipv6',
      'reqq',
      'metadata_size',
      'upload_only',
      'ut_pex',
      'ut_metadata',
      'lt_donthave',
      '__proto__',
    ],
    decode: decodeExtensionHandshake,
    encode: encodeExtensionHandshake,
  }),
  surface({
    name: 'metadata-message',
    seeds: ['d8:msg_typei0e5:piecei0ee', 'd8:msg_typei2e5:piecei7ee', 'd8:msg_typei1e5:piecei0e10:total_sizei5ee12345'],
    keys: ['msg_type', 'piece', 'total_size', ''],
    decode: decodeMetadataMessage,
    encode: encodeMetadataMessage,
  }),
  surface({
    name: 'pex-message',
    seeds: [
      `d5:added12:${six}${six}7:added.f2:\x01\x107:dropped6:${six}e`,
      `d6:added618:${eighteen}8:added6.f1:\x020:0:e`,
      'de',
    ],
    keys: ['added', 'added.f', 'added6', 'added6.f', 'dropped', 'dropped6'],
    decode: decodePexMessage,
    encode: encodePexMessage,
  }),
  surface({
    name: 'holepunch-message',
    seeds: [`\x00\x00${six}\0\0\0\0`, `\x02\x00${six}\0\0\0\x02`, `\x01\x01${eighteen}\0\0\0\0`, `\x00\x00${six}`],
    keys: [],
    decode: decodeHolepunch,
    encode: encodeHolepunch,
    generate: (dice) => Uint8Array.from([dice.below(4), dice.below(3), ...dice.bytes(dice.below(24))]),
  }),
  surface({
    name: 'donthave-message',
    seeds: ['\0\0\0\x07', '\xff\xff\xff\xff'],
    keys: [],
    decode: decodeDontHave,
    encode: encodeDontHave,
    generate: (dice) => dice.bytes(dice.below(9)),
  }),
]

function surface<T>({ name, seeds, keys, decode, encode, generate }: Payload<T>): Surface {
  return {
    name,
    seeds: texts(...seeds),
    words: [...BENCODE_WORDS, ...texts(...keys.map((key) => `${key.length}:${key}`))],
    generate: generate ?? ((dice) => text(dictionary(dice, keys))),
    judge(input) {
      const read = outcomeOf(PeerError, /^EXTENSION_PAYLOAD$/, () => decode(input))
      if (!('value' in read)) return read.code
      roundTrip(read.value, encode, decode)
      return `accepted ${typeof read.value === 'object' ? fieldsOf(read.value as object) : typeof read.value}`
    },
  }
}

/** Which fields there are and what they hold is told apart by their first character. */
function fieldsOf(value: object): string {
  const type = 'type' in value ? String(value.type) : ''
  const fields = Object.entries(value).filter(([, inner]) => inner !== undefined && shown(inner).length > 4)
  return `${type} ${fields.map(([key]) => key).join(' ')}`
}
