/** The key of the bench's account files. */
export const KEY = Buffer.alloc(32, 7);
