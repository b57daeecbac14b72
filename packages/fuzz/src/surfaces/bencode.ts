// Bencode itself: what is accepted strictly is canonical, so that encoding gives the very bytes back.

import { decode, decodeWithSpans, encode, validate } from '@torrential/bencode'
import { InputError } from '@torrential/primitives'
import { BENCODE_WORDS, bencodeText } from '../bencode-grammar.ts'
import { outcomeOf, shown, text, texts } from '../outcome.ts'
import { expectThat, type Surface } from '../surface.ts'

const KEYS = ['', 'a', 'b', 'info', 'files', '__proto__', '10', 'constructor']
const CODES = /^BENCODE_[A-Z_]+$/

export const bencode: Surface = {
  name: 'bencode',
  seeds: texts(
    'i0e',
    'le',
    'de',
    '0:',
    'd1:ai1e1:bl1:xi-5eee',
    'd4:infod5:filesld1:ai1eeeee',
    'i18446744073709551615e',
  ),
  words: BENCODE_WORDS,
  generate: (dice) => text(bencodeText(dice, KEYS)),
  judge(input) {
    const strict = outcomeOf(InputError, CODES, () => decode(input))
    const lenient = outcomeOf(InputError, CODES, () => decode(input, { mode: 'lenient' }))
    const apart = outcomeOf(InputError, CODES, () =>
      decodeWithSpans(input, { mode: 'lenient', apart: ['info', 'files'] }),
    )
    expectThat('value' in lenient === 'value' in apart, 'two decoders disagree')
    const end = outcomeOf(InputError, CODES, () => validate(input, { allowTrailing: true }))
    if ('value' in end) expectThat(end.value > 0 && end.value <= input.length, 'the end is not in the input')
    if ('value' in lenient && 'value' in apart) {
      const whole = apart.value.slice()
      expectThat(whole?.length === input.length, 'the whole is not the whole')
    }
    if (!('value' in strict)) return 'value' in lenient ? `lenient ${strict.code}` : strict.code
    expectThat('value' in lenient && shown(lenient.value) === shown(strict.value), 'the modes disagree')
    const again = encode(strict.value)
    expectThat(Buffer.compare(again, input) === 0, 'the canonical form is another one')
    return `accepted ${String.fromCharCode(input[0] ?? 0)}`
  },
}
