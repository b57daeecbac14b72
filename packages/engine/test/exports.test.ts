import { describe, expect, test } from '@jest/globals'
import * as engine from '../src/index.ts'

describe('The package', () => {
  test('exports exactly these names', () => {
    expect(Object.keys(engine).sort((a, b) => a.localeCompare(b, 'en'))).toEqual([
      'DEFAULTS',
      'DownloadCredit',
      'EXTENSION_IDS',
      'LayerFetch',
      'MetadataFetch',
      'SwarmEngine',
    ])
  })
})
