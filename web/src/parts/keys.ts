/* The keys that can be made, by the name that a profile has for them, and how the API is asked for them. */

export const keys = {
  'ec-p256': ['EC P-256: small and fast, right for most', { algorithm: 'ec', curve: 'P-256' }],
  'ec-p384': ['EC P-384', { algorithm: 'ec', curve: 'P-384' }],
  'ec-p521': ['EC P-521', { algorithm: 'ec', curve: 'P-521' }],
  'rsa-2048': ['RSA, 2048 bits: for old clients', { algorithm: 'rsa', size: 2048 }],
  'rsa-3072': ['RSA, 3072 bits', { algorithm: 'rsa', size: 3072 }],
  'rsa-4096': ['RSA, 4096 bits', { algorithm: 'rsa', size: 4096 }],
  ed25519: ['Ed25519: few public CAs sign it', { algorithm: 'ed25519' }],
} as const;

export type KeyChoice = keyof typeof keys;

export const keyChoices = Object.keys(keys) as KeyChoice[];
export const keyOptions = (choices: readonly KeyChoice[] = keyChoices): [KeyChoice, string][] => choices.map((k) => [k, keys[k][0]]);
export const isKeyChoice = (name: string): name is KeyChoice => name in keys;
