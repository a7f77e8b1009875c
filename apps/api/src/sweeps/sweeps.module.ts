import { Module } from '@nestjs/common';
import { SweepCommandsService } from './sweep-commands.service.js';
import { SweepsController } from './sweeps.controller.js';
import { SweepsService } from './sweeps.service.js';

@Module({ controllers: [SweepsController], providers: [SweepsService, SweepCommandsService] })
export class SweepsModule {}
