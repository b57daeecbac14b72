import { jest } from '@jest/globals'
import { aria2 } from '../src/index.ts'
import { matrixWith } from './matrix.ts'

jest.setTimeout(180_000)

await matrixWith(aria2)
