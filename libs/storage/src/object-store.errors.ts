import { DomainError } from '@chromatune/contracts';

export class ObjectNotFound extends DomainError {
  constructor(key: string, where: string) {
    super('object_not_found', 404, `There is no object "${key}" in ${where}.`);
  }
}

export class ObjectStoreUnavailable extends DomainError {
  constructor(what: string, remedy: string, cause?: unknown) {
    super('object_store_unavailable', 503, what, { remedy, cause });
  }
}

export class ObjectStoreFull extends DomainError {
  constructor(where: string, remedy: string, cause?: unknown) {
    super('object_store_full', 507, `There is no space left in ${where}.`, { remedy, cause });
  }
}

export class InvalidObjectKey extends DomainError {
  constructor(key: string) {
    const shortened = key.length > 80 ? `${key.slice(0, 79)}…` : key;
    super('invalid_object_key', 400, `${JSON.stringify(shortened)} is not an object key.`, {
      remedy:
        'A key has parts of letters, digits, ".", "_", "=" and "-", parted by "/"; a part begins with a letter or digit.',
    });
  }
}
