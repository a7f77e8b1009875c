import { DomainError } from '@chromatune/contracts';

/** PostgreSQL is away, or the connection to it broke. What was being done may be tried again: nothing was half done. */
export class DatabaseUnavailable extends DomainError {
  constructor(message: string, remedy: string, cause: unknown) {
    super('database_unavailable', 503, message, { remedy, cause });
  }
}

/** Errors of the network or the server become `database_unavailable` with a remedy; all others stay what they are. */
export function explainConnectionError(error: unknown, url: string): unknown {
  if (error instanceof DomainError || !(error instanceof Error)) return error;
  const place = describePlace(url);
  const code = codeOf(error);
  const answer = explanations(place)[code] ?? (isBrokenConnection(error, code) ? away(place) : undefined);
  return answer ? new DatabaseUnavailable(answer.message, answer.remedy, error) : error;
}

interface Place {
  host: string;
  database: string;
  user: string;
}
interface Explanation {
  message: string;
  remedy: string;
}

const away = ({ host }: Place): Explanation => ({
  message: `PostgreSQL at ${host} does not answer.`,
  remedy:
    'Check that it runs and that DATABASE_URL names its host and port. Work goes on as soon as it is back.',
});

const explanations = (place: Place): Record<string, Explanation> => {
  const { host, database, user } = place;
  const password = {
    message: `PostgreSQL at ${host} refused the user "${user}" or the password.`,
    remedy: 'Correct the user and password in DATABASE_URL.',
  };
  const unknownHost = {
    message: `The host of PostgreSQL, ${host}, is not known.`,
    remedy: 'Correct the host in DATABASE_URL.',
  };
  return {
    '28P01': password,
    '28000': password,
    '3D000': {
      message: `There is no database "${database}" on PostgreSQL at ${host}.`,
      remedy: `Make it (createdb ${database}), or correct the name at the end of DATABASE_URL.`,
    },
    ENOTFOUND: unknownHost,
    EAI_AGAIN: unknownHost,
    ECONNREFUSED: {
      message: `Nothing listens at ${host}: PostgreSQL is not running there.`,
      remedy: 'Start it, or correct the host and port in DATABASE_URL.',
    },
    '53300': {
      message: `PostgreSQL at ${host} has no connection left.`,
      remedy: 'Raise its max_connections, or lower the pool size of the processes that use it.',
    },
    '57P03': { message: `PostgreSQL at ${host} is still starting.`, remedy: 'Wait a moment.' },
    '42501': {
      message: `The user "${user}" lacks a permission in the database "${database}".`,
      remedy: `Make "${user}" the owner of the database.`,
    },
    '53100': {
      message: `The disk of PostgreSQL at ${host} is full.`,
      remedy: 'Free space there; work then goes on.',
    },
  };
};

/** Never with the password. */
function describePlace(url: string): Place {
  try {
    const { host, pathname, username } = new URL(url);
    return { host, database: decodeURIComponent(pathname.slice(1)), user: decodeURIComponent(username) };
  } catch {
    return { host: 'DATABASE_URL', database: '', user: '' };
  }
}

/** TypeORM keeps the driver's error inside its own; Node puts the errors of several addresses into one. */
export function codeOf(error: Error): string {
  const inner = (error as { driverError?: Error }).driverError ?? error;
  const first = inner instanceof AggregateError ? (inner.errors[0] as Error) : inner;
  return String((first as { code?: unknown }).code ?? '');
}

const brokenCodes =
  /^(08...|57P0[124]|25P03|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ERR_STREAM_DESTROYED)$/;
/** pg and TypeORM give these no code. */
const brokenWords =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable|Query runner already released|Driver not Connected|connection is closed|Cannot use a pool after/i;

const isBrokenConnection = (error: Error, code: string) =>
  brokenCodes.test(code) || brokenWords.test(error.message);
