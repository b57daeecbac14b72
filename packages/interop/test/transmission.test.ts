import { jest } from '@jest/globals'
import { transmission } from '../src/index.ts'
import { matrixWith } from './matrix.ts'

jest.setTimeout(180_000)

await matrixWith(transmission)
