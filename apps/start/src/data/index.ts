/** The digits that the clips of `npm start` are drawn with, without files: what a page needs. */
export { parseDigits } from './digits.ts';
