import type { Health } from '@chromatune/contracts';
import { Controller, Get, Inject } from '@nestjs/common';
import { Supervisor } from '../supervisor/supervisor.js';

/** Not renewed for this long: Postgres is away, or this process cannot keep up. */
const renewalLateSeconds = 60;

@Controller('health')
export class HealthController {
  constructor(@Inject(Supervisor) private readonly supervisor: Supervisor) {}

  @Get()
  read(): Health {
    const { slots, busy, draining, secondsSinceRenewal, pendingBytes } = this.supervisor.state;
    const late = secondsSinceRenewal > renewalLateSeconds;
    return {
      status: late ? 'degraded' : 'ok',
      version: '0.1.0',
      parts: {
        slots: { status: 'ok', detail: `${busy} of ${slots} busy${draining ? ', draining' : ''}` },
        leases: {
          status: late ? 'down' : 'ok',
          detail: `renewed ${Math.round(secondsSinceRenewal)} s ago`,
        },
        spool: { status: 'ok', detail: `${pendingBytes} bytes wait for Postgres or the object store` },
      },
    };
  }
}
