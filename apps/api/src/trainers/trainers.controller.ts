import type { Database } from '@chromatune/database';
import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ZodResponse } from 'nestjs-zod';
import { InjectDatabase } from '../config/connections.js';
import { Documented } from '../http/documented.js';
import { DrainRequestDto, TrainerDto, TrainerParams } from './trainers.dto.js';

@ApiTags('trainers')
@Controller('trainers')
export class TrainersController {
  constructor(@InjectDatabase() private readonly database: Database) {}

  @Get()
  @Documented('Lists trainers, with what they train.')
  @ZodResponse({ status: 200, type: [TrainerDto] })
  list() {
    return this.database.trainers.list();
  }

  @Post(':id/drain')
  @Documented('Lets a trainer end what it trains and take nothing new, or take runs again.', {
    404: 'There is no such trainer.',
  })
  @ZodResponse({ status: 200, type: TrainerDto })
  drain(@Param() { id }: TrainerParams, @Body() { draining }: DrainRequestDto) {
    return this.database.trainers.setDraining(id, draining);
  }
}
