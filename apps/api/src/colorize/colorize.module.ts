import { Module } from '@nestjs/common';
import { RunsModule } from '../runs/runs.module.js';
import { ColorizeController } from './colorize.controller.js';
import { ColorizeService } from './colorize.service.js';

@Module({ imports: [RunsModule], controllers: [ColorizeController], providers: [ColorizeService] })
export class ColorizeModule {}
