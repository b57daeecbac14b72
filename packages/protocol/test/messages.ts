// One message of every kind with its bytes, written by hand from the specifications: BEP 3, 5, 6, 10 and 52.

import type { Message } from '@torrential/protocol'

const root = new Uint8Array(32).fill(0xab)
const rootHex = 'ab'.repeat(32)

export const VECTORS: readonly (readonly [message: Message, hex: string])[] = [
  [{ type: 'keep-alive' }, '00000000'],
  [{ type: 'choke' }, '00000001 00'],
  [{ type: 'unchoke' }, '00000001 01'],
  [{ type: 'interested' }, '00000001 02'],
  [{ type: 'not-interested' }, '00000001 03'],
  [{ type: 'have', piece: 0x01020304 }, '00000005 04 01020304'],
  [{ type: 'bitfield', bitfield: Uint8Array.of(0xff, 0x80) }, '00000003 05 ff80'],
  [{ type: 'request', piece: 1, offset: 0x4000, length: 0x4000 }, '0000000d 06 00000001 00004000 00004000'],
  [
    { type: 'piece', piece: 0xffffffff, offset: 0x8000, block: Uint8Array.of(1, 2, 3) },
    '0000000c 07 ffffffff 00008000 010203',
  ],
  [{ type: 'cancel', piece: 2, offset: 0, length: 1 }, '0000000d 08 00000002 00000000 00000001'],
  [{ type: 'port', port: 6881 }, '00000003 09 1ae1'],
  [{ type: 'suggest', piece: 9 }, '00000005 0d 00000009'],
  [{ type: 'have-all' }, '00000001 0e'],
  [{ type: 'have-none' }, '00000001 0f'],
  [{ type: 'reject', piece: 3, offset: 4, length: 5 }, '0000000d 10 00000003 00000004 00000005'],
  [{ type: 'allowed-fast', piece: 10 }, '00000005 11 0000000a'],
  [{ type: 'extended', id: 3, payload: Uint8Array.of(0x64, 0x65) }, '00000004 14 03 6465'],
  [
    { type: 'hash-request', piecesRoot: root, baseLayer: 0, index: 512, length: 512, proofLayers: 10 },
    `00000031 15 ${rootHex} 00000000 00000200 00000200 0000000a`,
  ],
  [
    {
      type: 'hashes',
      piecesRoot: root,
      baseLayer: 7,
      index: 2,
      length: 2,
      proofLayers: 1,
      hashes: new Uint8Array(96).fill(0xcd),
    },
    `00000091 16 ${rootHex} 00000007 00000002 00000002 00000001 ${'cd'.repeat(96)}`,
  ],
  [
    { type: 'hash-reject', piecesRoot: root, baseLayer: 1, index: 2, length: 4, proofLayers: 0 },
    `00000031 17 ${rootHex} 00000001 00000002 00000004 00000000`,
  ],
  [{ type: 'unknown', id: 0x63, payload: Uint8Array.of(7, 8) }, '00000003 63 0708'],
]

export function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
}

/** Views of Buffers are Buffers: for comparing, every payload as a plain array. */
export function plain(messages: readonly Message[]): unknown[] {
  return messages.map((message) =>
    Object.fromEntries(
      Object.entries(message).map(([key, value]: [string, unknown]) => [
        key,
        value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
      ]),
    ),
  )
}

/** Everything in `VECTORS` one behind the other. */
export function streamOfAll(): Uint8Array {
  return bytesOf(VECTORS.map(([, hex]) => hex).join(''))
}
