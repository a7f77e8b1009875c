import { DomainError } from '@chromatune/contracts';
import type { NestExpressApplication } from '@nestjs/platform-express';

/** Starts to listen and answers with the address people can open. */
export async function listen(app: NestExpressApplication, host: string, port: number): Promise<string> {
  try {
    await app.listen(port, host);
  } catch (error) {
    throw explainListenError(error as NodeJS.ErrnoException, host, port);
  }
  const address: unknown = app.getHttpServer().address();
  const actualPort = address && typeof address === 'object' && 'port' in address ? address.port : port;
  const shownHost = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${shownHost.includes(':') ? `[${shownHost}]` : shownHost}:${actualPort}`;
}

function explainListenError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new DomainError('port_in_use', 500, `Port ${port} on ${host} is in use by another program.`, {
        remedy: 'Stop that program, or set PORT to another one (0 takes any free port).',
        cause: error,
      });
    case 'EACCES':
      return new DomainError('port_not_allowed', 500, `This user may not listen on port ${port}.`, {
        remedy: 'Set PORT to 1024 or above.',
        cause: error,
      });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new DomainError('no_such_host', 500, `${host} is not an address of this machine.`, {
        remedy: 'Set HOST to 127.0.0.1, or to 0.0.0.0 for every network of this machine.',
        cause: error,
      });
    default:
      return error;
  }
}
